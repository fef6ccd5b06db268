import { describe, expect, it } from 'vitest';
import { createWorld, type WorldWrite } from '../../../../src/fleet/rollout/rehearsal/index.ts';
import { Failure } from '../../../../src/errors/index.ts';
import type { TelemetryBatch } from '../../../../src/fleet/ports.ts';
import { sleep } from '../../../../src/std/clock.ts';
import type { JsonObject } from '../../../../src/std/json.ts';
import { collect, failureOf } from '../../../support/memory-hub.ts';

const start = Date.UTC(2026, 0, 1);

function filled(count: number) {
  const world = createWorld({ start });
  for (let index = 1; index <= count; index++)
    world.add({ deviceId: `pump-${index}`, tags: { site: index % 2 === 0 ? 'north' : 'south' } });
  return world;
}

describe('twins', () => {
  it('stamps what is written, and changes the etag with each write of a service', async () => {
    const world = filled(1);
    const { hub } = world.connect();
    const before = await hub.twins.get('pump-1');
    await world.clock.advance(5_000);
    const after = await hub.twins.patch(
      'pump-1',
      { tags: { firmware: { wave: 0 } }, properties: { desired: { firmware: { attempt: 1, url: 'https://a' } } } },
      { etag: before.etag },
    );
    expect(after.etag).not.toBe(before.etag);
    expect(after.tags).toEqual({ site: 'south', firmware: { wave: 0 } });
    const stamp = { $lastUpdated: '2026-01-01T00:00:05.0000000Z', $lastUpdatedVersion: 2 };
    expect(after.properties.desired).toEqual({
      firmware: { attempt: 1, url: 'https://a' },
      $version: 2,
      $metadata: { ...stamp, firmware: { ...stamp, attempt: stamp, url: stamp } },
    });
  });

  it('refuses a write on the condition of an old etag', async () => {
    const { hub } = filled(1).connect();
    const { etag } = await hub.twins.get('pump-1');
    await hub.twins.patch('pump-1', { tags: { a: 1 } }, { etag });
    const failure = await failureOf(hub.twins.patch('pump-1', { tags: { a: 2 } }, { etag }));
    expect([failure.code, (await hub.twins.get('pump-1')).tags['a']]).toEqual(['changed-meanwhile', 1]);
  });

  it('leaves the etag alone when a device reports', async () => {
    const world = filled(1);
    const device = world.device('pump-1');
    device.connect();
    const before = world.twin('pump-1');
    await world.clock.run(device.reportProperties({ firmware: { state: 'idle' } }));
    const after = world.twin('pump-1');
    expect([after.etag, after.connectionState]).toEqual([before.etag, 'Connected']);
    expect(after.properties.reported['$metadata']).toMatchObject({
      firmware: { state: { $lastUpdated: '2026-01-01T00:00:00.0100000Z' } },
    });
  });

  it('says that a device is not there, and what a hub would not store', async () => {
    const { hub } = filled(1).connect();
    expect((await failureOf(hub.twins.get('pump-9'))).code).toBe('device-not-found');
    expect((await failureOf(hub.twins.patch('pump-1', { tags: { 'a.b': 1 } }))).code).toBe('refused');
  });
});

describe('devices', () => {
  it('hears its desired properties whole at the link, and then each change', async () => {
    const world = filled(1);
    const { hub } = world.connect();
    await hub.twins.patch('pump-1', { properties: { desired: { a: 1 } } });
    const device = world.device('pump-1');
    const heard: unknown[] = [];
    device.onDesired((change) => heard.push(change));
    device.connect();
    await world.clock.advance(100);
    await hub.twins.patch('pump-1', { properties: { desired: { a: null, b: 2 } } });
    await world.clock.advance(100);
    expect(heard).toEqual([
      { desired: { a: 1 }, version: 2, complete: true },
      { desired: { a: null, b: 2 }, version: 3, complete: false },
    ]);
  });

  it('keeps a report until the link is back, or says that there is none', async () => {
    const world = filled(1);
    const device = world.device('pump-1');
    const failed = failureOf(device.reportProperties({ a: 1 }));
    expect((await world.clock.run(failed)).code).toBe('hub-unreachable');
    const sent = device.reportProperties({ a: 2 });
    await world.clock.advance(10_000);
    device.connect();
    await world.clock.run(sent);
    expect(world.twin('pump-1').properties.reported['a']).toBe(2);
  });

  it('hears nothing over a link that was cut', async () => {
    const world = filled(1);
    const device = world.device('pump-1');
    const heard: JsonObject[] = [];
    device.onDesired(({ desired }) => heard.push(desired));
    device.connect();
    await world.clock.advance(100);
    await world.connect().hub.twins.patch('pump-1', { properties: { desired: { a: 1 } } });
    device.disconnect();
    await world.clock.advance(1_000);
    expect(heard).toEqual([{}]);
  });
});

describe('queries', () => {
  it('answers pages in the order of ids', async () => {
    const { hub } = filled(25).connect();
    const pages = await collect(
      hub.queries.query("SELECT deviceId FROM devices WHERE tags.site = 'north'", { pageSize: 5 }),
    );
    expect(pages.map((page) => page.length)).toEqual([5, 5, 2]);
    expect(pages.flat().map((row) => row['deviceId'])).toEqual(
      Array.from({ length: 12 }, (_, index) => `pump-${2 * index + 2}`).toSorted(),
    );
  });

  it('looks into metadata, groups and counts', async () => {
    const { hub } = filled(5).connect();
    const rows = async (text: string): Promise<JsonObject[]> => (await collect(hub.queries.query(text))).flat();
    expect(await rows('SELECT COUNT() AS devices FROM devices')).toEqual([{ devices: 5 }]);
    expect(await rows('SELECT tags.site AS site, COUNT() AS devices FROM devices GROUP BY tags.site')).toEqual([
      { site: 'north', devices: 2 },
      { site: 'south', devices: 3 },
    ]);
    expect(await rows('SELECT TOP 2 * FROM devices')).toHaveLength(2);
    expect((await failureOf(rows('SELECT FROM'))).code).toBe('invalid-query');
  });
});

describe('the stream of events', () => {
  it('follows with what a twin change says, and goes on at a position', async () => {
    const world = filled(2);
    const { hub } = world.connect();
    const ended = new AbortController();
    const batches: TelemetryBatch[] = [];
    const reading = (async () => {
      const request = { from: 'latest', follow: true, sources: ['twinChangeEvents'], signal: ended.signal } as const;
      for await (const batch of hub.telemetry.read(request)) batches.push(batch);
    })().catch(() => undefined);
    await world.clock.advance(0);
    await hub.twins.patch('pump-2', { properties: { desired: { a: 1 } } });
    await world.clock.advance(100);
    ended.abort(new Error('enough'));
    await world.clock.run(reading);
    const [opened, change] = batches;
    expect([opened?.live, opened?.messages]).toEqual([true, []]);
    expect(change?.messages.map(({ deviceId, source }) => [deviceId, source])).toEqual([
      ['pump-2', 'twinChangeEvents'],
    ]);
    expect(JSON.parse(Buffer.from(change?.messages[0]?.body ?? []).toString())).toMatchObject({
      properties: { desired: { a: 1, $version: 2 } },
    });
    const again = await collect(
      hub.telemetry.read({ from: { position: opened?.position ?? '' }, follow: false, sources: ['twinChangeEvents'] }),
    );
    expect(again.flatMap(({ messages }) => messages)).toHaveLength(1);
  });
});

describe('clients', () => {
  it('writes records on the condition of an etag', async () => {
    const { hub } = filled(0).connect();
    const etag = await hub.records.write('rollouts/a/state', { phase: 'running' }, { etag: 'none' });
    expect((await failureOf(hub.records.write('rollouts/a/state', {}, { etag: 'none' }))).code).toBe(
      'changed-meanwhile',
    );
    await hub.records.write('rollouts/a/state', { phase: 'paused' }, { etag });
    await hub.records.write('rollouts/b/state', {});
    expect(await hub.records.read('rollouts/a/state')).toMatchObject({ value: { phase: 'paused' } });
    expect((await collect(hub.records.list('rollouts/'))).map(({ name }) => name)).toEqual([
      'rollouts/a/state',
      'rollouts/b/state',
    ]);
  });

  it('signs addresses of files that are there', async () => {
    const world = filled(0);
    const { hub } = world.connect();
    const sha256 = 'a'.repeat(64);
    expect((await failureOf(hub.artifacts.signUrl(sha256, start))).code).toBe('not-found');
    world.artifacts.put({ sha256, size: 10 });
    expect(await hub.artifacts.signUrl(sha256, start)).toMatch(/^https:/);
  });

  it('shows each write before and after it, and fails it at either', async () => {
    const world = filled(1);
    const seen: WorldWrite[] = [];
    const { hub } = world.connect({
      onWrite: (write) => {
        seen.push(write);
        if (write.index === 1 && write.stage === 'before') throw new Failure('throttled', 'too much');
        if (write.index === 2 && write.stage === 'after') throw new Failure('hub-unreachable', 'the answer is lost');
      },
    });
    expect((await failureOf(hub.twins.patch('pump-1', { tags: { a: 1 } }))).code).toBe('throttled');
    expect((await failureOf(hub.twins.patch('pump-1', { tags: { b: 1 } }))).code).toBe('hub-unreachable');
    expect(world.twin('pump-1').tags).toEqual({ site: 'south', b: 1 });
    expect(seen.map(({ index, stage }) => `${index} ${stage}`)).toEqual(['1 before', '2 before', '2 after']);
  });

  it('ends a killed client before or after a write: nothing comes back, no timer of it fires', async () => {
    for (const stage of ['before', 'after'] as const) {
      const world = filled(1);
      const events: string[] = [];
      const { hub, clock } = world.connect({
        onWrite: (write, client) => {
          if (write.stage === stage) client.kill();
        },
      });
      clock.after(10, () => events.push('timer'));
      void hub.twins.patch('pump-1', { tags: { a: 1 } }).finally(() => events.push('answered'));
      await world.clock.advance(1_000);
      await Promise.race([hub.twins.get('pump-1').then(() => events.push('read')), sleepAndAdvance(world)]);
      expect([events, world.twin('pump-1').tags['a']]).toEqual([[], stage === 'after' ? 1 : undefined]);
    }
  });

  it('carries out what a client had sent when it was killed on the way', async () => {
    const world = filled(1);
    const client = world.connect({ latencyMs: 100 });
    void client.hub.twins.patch('pump-1', { tags: { a: 1 } });
    await world.clock.advance(10);
    client.kill();
    await world.clock.advance(100);
    expect(world.twin('pump-1').tags['a']).toBe(1);
  });
});

async function sleepAndAdvance(world: ReturnType<typeof createWorld>): Promise<void> {
  await world.clock.run(sleep(world.clock, 1_000));
}
