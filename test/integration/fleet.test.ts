/** The use-cases of a fleet against a real hub with real devices. */
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countResult, emptyCommandSummary, sendCommand, sendCommands } from '../../src/fleet/commands/index.ts';
import { provisionDevices, rowsFromCsv, type ProvisionResult } from '../../src/fleet/provisioning/index.ts';
import { selectDevices } from '../../src/fleet/selection/index.ts';
import { tailTelemetry, type TailEvent } from '../../src/fleet/telemetry/index.ts';
import type { MethodRequest } from '../../src/protocol/method.ts';
import { bodyAsJson } from '../../src/protocol/telemetry/index.ts';
import { parseConnectionString } from '../../src/protocol/connection-string.ts';
import { collect } from '../support/memory-hub.ts';
import { realClock } from '../support/real-clock.ts';
import { eventually, startTestHub, type TestHub } from './test-hub.ts';

const ping: MethodRequest = {
  methodName: 'ping',
  payload: null,
  responseTimeoutInSeconds: 5,
  connectTimeoutInSeconds: 0,
};

/** How many devices had which outcome. */
function outcomes(results: readonly ProvisionResult[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of results) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

describe('a fleet on a hub', () => {
  let hub: TestHub;
  beforeAll(async () => {
    hub = await startTestHub();
  });
  afterAll(() => hub.close());

  function provision(csv: string, connectionStrings = false): Promise<ProvisionResult[]> {
    return collect(provisionDevices(hub.client, rowsFromCsv(Readable.from([csv])), { connectionStrings }));
  }

  it('when thousands of devices come from a file, then they are there, and a second run changes only what differs', async () => {
    const lines = Array.from({ length: 2_500 }, (_, n) => `csv-${n},enabled,${n % 2 === 0 ? 'north' : 'south'},${n}`);
    const file = ['deviceId,status,TAG:site,DESIRED:limits.high', ...lines].join('\n');
    expect(outcomes(await provision(file))).toEqual({ created: 2_500 });
    expect(outcomes(await provision(file))).toEqual({ unchanged: 2_500 });
    const changed = file
      .replace('csv-7,enabled,south', 'csv-7,disabled,west')
      .replace('csv-8,enabled,north,8', 'csv-8,enabled,north,80');
    const results = await provision(changed);
    expect(outcomes(results)).toEqual({ unchanged: 2_498, updated: 2 });
    expect(results.filter(({ outcome }) => outcome === 'updated').map(({ line, reason }) => [line, reason])).toEqual([
      [9, 'status, tags'],
      [10, 'desired'],
    ]);
    const twin = await hub.client.twins.get('csv-7');
    expect(twin).toMatchObject({
      status: 'disabled',
      tags: { site: 'west' },
      properties: { desired: { limits: { high: 7 } } },
    });
    const north = await collect(selectDevices(hub.client, { ids: ['csv-1*'], where: "tags.site = 'north'" }));
    expect(north.length).toBe(
      Array.from({ length: 2_500 }, (_, n) => n).filter((n) => n % 2 === 0 && String(n).startsWith('1')).length,
    );
  });

  it('when a device is registered, then its connection string is the key it connects with, also after an update', async () => {
    const [made] = await provision('deviceId\nstringed\n', true);
    const [again] = await provision('deviceId,status,TAG:a\nstringed,enabled,1\n', true);
    expect(again).toMatchObject({ outcome: 'updated', connectionString: made?.connectionString });
    const { sharedAccessKey = '' } = parseConnectionString(made?.connectionString ?? '');
    const device = await hub.connect('stringed', { key: sharedAccessKey });
    await device.sendTelemetry({ ok: true });
  });

  it('when the tags of one row are refused, then only that row fails', async () => {
    const results = await provision(`deviceId,TAG:a\nfits-1,1\ntoo-large,${'x'.repeat(5_000)}\nfits-2,2\n`);
    expect(results.map(({ deviceId, outcome }) => [deviceId, outcome])).toEqual([
      ['fits-1', 'created'],
      ['too-large', 'failed'],
      ['fits-2', 'created'],
    ]);
    expect(results[1]?.reason).not.toBe('');
  });

  it('when a command goes to many, then each answers for itself', async () => {
    await hub.provision(['fan-good', 'fan-bad', 'fan-away']);
    const good = await hub.connect('fan-good');
    good.onMethod(() => ({ status: 200, payload: 'pong' }));
    const bad = await hub.connect('fan-bad');
    bad.onMethod(() => ({ status: 503, payload: { why: 'busy' } }));
    await eventually(async () => {
      const probe = await Promise.all(
        ['fan-good', 'fan-bad'].map((id) => sendCommand(hub.client, realClock, id, ping)),
      );
      expect(probe.every(({ status }) => status !== undefined)).toBe(true);
    });
    const ids = [...(await collect(selectDevices(hub.client, { ids: ['fan-*'] }))), 'fan-nobody'];
    const results = await collect(sendCommands(hub.client, realClock, ids, ping, { concurrency: 4 }));
    const summary = emptyCommandSummary();
    for (const result of results) countResult(summary, result);
    expect(summary).toEqual({ total: 4, succeeded: 1, refused: 1, offline: 1, unanswered: 0, other: 1 });
    const away = results.find(({ deviceId }) => deviceId === 'fan-away');
    expect(away?.failure?.message).toContain('fan-away is offline');
  });

  it('when a device comes back while the command is tried again, then it answers', async () => {
    await hub.provision(['sleeper']);
    const sending = sendCommand(hub.client, realClock, 'sleeper', ping, { retries: 5 });
    const device = await hub.connect('sleeper');
    device.onMethod(() => ({ status: 200, payload: 'awake' }));
    expect(await sending).toMatchObject({ payload: 'awake' });
  });

  it('when the hub is restarted, then a tail goes on without loss or repeat, filters still hold, and it says so', async () => {
    await hub.provision(['tail-north'], { tags: { site: 'north' } });
    await hub.provision(['tail-south'], { tags: { site: 'south' } });
    const devices = await Promise.all(['tail-north', 'tail-south'].map((id) => hub.connect(id)));
    const events: TailEvent[] = [];
    const seen: number[] = [];
    const total = 200;
    const request = {
      devices: ['tail-*'],
      since: 0,
      count: total / 2,
      where: "tags.site = 'north' AND n % 2 = 0",
      onEvent: (event: TailEvent) => events.push(event),
    };
    const reading = (async () => {
      for await (const messages of tailTelemetry(hub.client, realClock, request)) {
        for (const message of messages) seen.push((bodyAsJson(message) as { n: number }).n);
      }
    })();
    const sending = (async () => {
      for (let n = 0; n < total; n++) await Promise.all(devices.map((device) => device.sendTelemetry({ n })));
    })();
    await eventually(async () => expect(seen.length).toBeGreaterThan(10));
    await hub.restart();
    await Promise.all([sending, reading]);
    expect(seen).toEqual(Array.from({ length: total / 2 }, (_, index) => index * 2));
    expect(events[0]).toMatchObject({ kind: 'lost-link' });
    expect(events.filter(({ kind }) => kind === 'lost-link')).toHaveLength(1);
    expect(events.some(({ kind }) => kind === 'lost-messages')).toBe(false);
  });
});
