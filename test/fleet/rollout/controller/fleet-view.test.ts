import { anything, array, assert, constantFrom, dictionary, integer, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFleetView } from '../../../../src/fleet/rollout/controller/fleet-view.ts';
import { createWorld } from '../../../../src/fleet/rollout/rehearsal/index.ts';
import { bodyAsJson } from '../../../../src/protocol/telemetry/index.ts';
import type { JsonObject, JsonValue } from '../../../../src/std/json.ts';
import { manifestFor, newKey, offerOf } from '../../../support/firmware.ts';

const key = newKey();
const report = (seq: number, change: JsonObject = {}): JsonObject => ({
  rollout: 'pump-2',
  attempt: 1,
  seq,
  state: 'downloading',
  progress: 10 * seq,
  version: '1.0.0',
  digest: '1'.repeat(64),
  bootCount: 1,
  ...change,
});

function setUp() {
  const world = createWorld();
  world.add({ deviceId: 'pump-1' });
  const view = createFleetView(() => world.clock.now());
  view.watch(['pump-1']);
  const bodies: JsonValue[] = [];
  const follow = async (): Promise<void> => {
    const sources = ['twinChangeEvents'] as const;
    for await (const { messages } of world.connect().hub.telemetry.read({ from: 'latest', follow: true, sources }))
      for (const message of messages) bodies.push(bodyAsJson(message) ?? null);
  };
  void follow();
  const { hub } = world.connect();
  const read = (): JsonObject => world.twin('pump-1') as unknown as JsonObject;
  const device = world.device('pump-1');
  device.connect();
  return { world, view, hub, device, bodies, read };
}

describe('the view of a fleet', () => {
  it('says the same by events as by reading', async () => {
    const { world, view, hub, device, bodies, read } = setUp();
    await hub.twins.patch('pump-1', { properties: { desired: { firmware: offerOf(manifestFor('x'), key) } } });
    await world.clock.advance(1_000);
    view.takeTwin(read());
    bodies.length = 0;
    for (const [seq, change] of [{}, { code: 'busy' }, { code: null }, { state: 'staged', progress: null }].entries()) {
      void device.reportProperties({ firmware: report(seq, change) });
      await world.clock.advance(1_000);
    }
    const taken = bodies.map((body) => view.takeChange('pump-1', body));
    // The event of the offer is known by the reading.
    expect(taken.filter((result) => result !== 'known')).toEqual(['taken', 'taken', 'taken', 'taken']);
    const fresh = createFleetView(() => 0);
    fresh.watch(['pump-1']);
    fresh.takeTwin(read());
    expect(view.devices.get('pump-1')).toEqual(fresh.devices.get('pump-1'));
    expect(view.devices.get('pump-1')?.report?.value).toMatchObject({ state: 'staged', seq: 3 });
  });

  it('asks to read a twin when an event is missing, or when it changes what has an etag', async () => {
    const { world, view, hub, device, bodies, read } = setUp();
    await world.clock.advance(1_000);
    view.takeTwin(read());
    bodies.length = 0;
    for (const seq of [1, 2]) {
      void device.reportProperties({ firmware: report(seq) });
      await world.clock.advance(1_000);
    }
    await hub.twins.patch('pump-1', { tags: { site: 'north' } });
    await world.clock.advance(1_000);
    const [first = null, second = null, third = null] = bodies;
    expect(view.takeChange('pump-1', second)).toBe('stale');
    expect(view.takeChange('pump-1', first)).toBe('taken');
    expect(view.takeChange('pump-1', second)).toBe('taken');
    expect(view.takeChange('pump-1', first)).toBe('known');
    expect(view.takeChange('pump-1', third)).toBe('stale');
    expect(view.takeChange('pump-2', third)).toBe('foreign');
  });

  it('does not go back to an older twin, unless it is certain', async () => {
    const { view, hub, read } = setUp();
    const old = read();
    await hub.twins.patch('pump-1', { tags: { site: 'north' } });
    view.takeTwin(read());
    expect(view.takeTwin(old)).toBe('stale');
    expect(view.devices.get('pump-1')?.tags).toEqual({ site: 'north' });
    expect(view.takeTwin(old, true)).toBe('taken');
    expect(view.devices.get('pump-1')?.tags).toEqual({});
  });

  it('lets a report that is not newer keep the time of the one before', async () => {
    const { world, view, device, read } = setUp();
    void device.reportProperties({ firmware: report(5) });
    await world.clock.advance(1_000);
    view.takeTwin(read());
    const at = view.devices.get('pump-1')?.report?.at;
    await world.clock.advance(60_000);
    void device.reportProperties({ firmware: report(5, { progress: 60 }) });
    await world.clock.advance(1_000);
    view.takeTwin(read());
    expect(view.devices.get('pump-1')?.report).toMatchObject({ at, value: { progress: 60 } });
  });

  it('understands whatever stands in a twin, or leaves it out', () => {
    const parts = constantFrom(
      'firmware',
      'rollout',
      'attempt',
      'seq',
      'state',
      'manifest',
      '$metadata',
      'at',
      '__proto__',
    );
    const wild = dictionary(parts, anything({ maxDepth: 3 }));
    assert(
      property(wild, wild, wild, array(integer()), string(), (tags, desired, reported, numbers, text) => {
        const view = createFleetView(() => 0);
        view.watch(['pump-1']);
        const twin = { deviceId: 'pump-1', version: 1, etag: text, tags, properties: { desired, reported } };
        view.takeTwin(JSON.parse(JSON.stringify(twin, (_, value: unknown) => plain(value))) as JsonObject);
        for (const version of [2, 3])
          view.takeChange(
            'pump-1',
            JSON.parse(
              JSON.stringify({ version, properties: { reported } }, (_, value: unknown) => plain(value)),
            ) as JsonObject,
          );
        view.takeChange('pump-1', numbers);
        expect(view.devices.get('pump-1')?.mark).toBeUndefined();
      }),
    );
  });
});

function plain(value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}
