import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { models, type Model } from '../../../src/device/index.ts';
import {
  deviceCredentials,
  deviceEndpoint,
  simulatedIds,
  simulateFleet,
  type DeviceAddress,
  type SimulationReport,
  type SimulationRequest,
} from '../../../src/fleet/simulation/index.ts';
import { startTestHub, type TestHub } from '../../integration/test-hub.ts';
import { realClock } from '../../support/real-clock.ts';

let hub: TestHub;
let address: DeviceAddress;

beforeAll(async () => {
  hub = await startTestHub();
  const { hostName, ports, caFile } = hub.info;
  address = { hostName, deviceUrl: `mqtts://localhost:${ports.mqtts}`, caFile };
});
afterAll(() => hub.close());

function model(name: string): Model {
  const found = models.get(name);
  if (found === undefined) throw new Error(name);
  return found;
}

function request(more: Partial<SimulationRequest>): SimulationRequest {
  return {
    model: model('oil-pump'),
    count: 20,
    prefix: 'pump-',
    speed: 100,
    seed: 42,
    duration: 1_200,
    signal: new AbortController().signal,
    ...more,
  };
}

async function run(
  more: Partial<SimulationRequest>,
  onReport?: (report: SimulationReport) => Promise<void> | void,
): Promise<SimulationReport> {
  let last: SimulationReport | undefined;
  for await (const report of simulateFleet(hub.client, address, realClock, request(more))) {
    await onReport?.(report);
    last = report;
  }
  if (last === undefined) throw new Error('no report');
  return last;
}

async function storedOf(prefix: string): Promise<Map<string, unknown[]>> {
  const found = new Map<string, unknown[]>();
  for await (const { messages } of hub.client.telemetry.read({
    from: 'earliest',
    follow: false,
    devices: [`${prefix}*`],
  })) {
    for (const { deviceId, body } of messages) {
      found.set(deviceId, [...(found.get(deviceId) ?? []), JSON.parse(new TextDecoder().decode(body))]);
    }
  }
  return found;
}

describe('a simulated fleet', () => {
  test('is provisioned, connects, and everything it knows to be acknowledged is stored once', async () => {
    const last = await run({});
    expect(last).toMatchObject({ phase: 'finished', devices: 20, connected: 20, failed: 0, reconnects: 0 });
    expect(last.acknowledged).toBe(last.sent);
    expect(last.p99).toBeGreaterThanOrEqual(last.p50 ?? Number.NaN);
    const stored = await storedOf('pump-');
    expect([...stored.keys()].toSorted((a, b) => a.localeCompare(b))).toEqual(simulatedIds('pump-', 20));
    expect([...stored.values()].reduce((sum, list) => sum + list.length, 0)).toBe(last.acknowledged);
  });

  test('gives the same values for the same seed, also on devices that exist already', async () => {
    await run({ prefix: 'same-', count: 3, model: model('elevator'), speed: 10 });
    const first = await storedOf('same-');
    await run({ prefix: 'same-', count: 3, model: model('elevator'), speed: 10 });
    for (const [deviceId, both] of await storedOf('same-')) {
      const before = first.get(deviceId) ?? [];
      const after = both.slice(before.length);
      const common = Math.min(before.length, after.length);
      expect(common).toBeGreaterThan(3);
      expect(after.slice(0, common)).toEqual(before.slice(0, common));
    }
  });

  test('answers commands and obeys desired properties over the wire', async () => {
    let asked = false;
    const last = await run({ prefix: 'talk-', count: 2, duration: 2_500 }, async () => {
      if (asked) return;
      asked = true;
      const command = {
        methodName: 'emergency-valve-release',
        payload: null,
        responseTimeoutInSeconds: 5,
        connectTimeoutInSeconds: 0,
      };
      expect(await hub.client.methods.invoke('talk-001', command)).toMatchObject({
        status: 200,
        payload: { reliefValve: 'open' },
      });
      await hub.client.twins.patch('talk-002', {
        properties: { desired: { telemetryInterval: 2, targetPressure: 500 } },
      });
    });
    expect(last.commands).toBe(1);
    expect((await hub.client.twins.get('talk-002')).properties.reported).toMatchObject({
      model: 'oil-pump',
      telemetryInterval: 2,
      targetPressure: 70,
      acknowledged: { telemetryInterval: { status: 200 }, targetPressure: { status: 400 } },
    });
  });

  test('sends at the rate that was asked for', async () => {
    const last = await run({ prefix: 'rate-', count: 10, speed: 1, rate: 100, duration: 2_000 });
    expect(last.sent).toBeGreaterThan(150);
    expect(last.sent).toBeLessThan(330);
  });

  test('comes back by itself after a restart of the hub', { timeout: 60_000 }, async () => {
    const stop = new AbortController();
    let restarted = false;
    const last = await run(
      { prefix: 'back-', count: 5, duration: 60_000, signal: stop.signal },
      async ({ connected, reconnects, sent, acknowledged }) => {
        // How soon a device tries again is up to its back-off, so the end is an event and not a time.
        if (restarted && connected === 5 && reconnects >= 5 && acknowledged === sent) stop.abort();
        if (restarted) return;
        restarted = true;
        await hub.restart();
      },
    );
    expect(last).toMatchObject({ failed: 0, acknowledged: last.sent });
    expect(last.reconnects).toBeGreaterThanOrEqual(5);
    const stored = await storedOf('back-');
    expect([...stored.values()].reduce((sum, list) => sum + list.length, 0)).toBeGreaterThanOrEqual(last.acknowledged);
  });

  test('has room for a thousand devices in one process', { timeout: 90_000 }, async () => {
    const last = await run({ prefix: 'many-', count: 1_000, speed: 1, rate: 500, duration: 2_000 });
    expect(last).toMatchObject({ devices: 1_000, connected: 1_000, failed: 0, reconnects: 0 });
    expect(last.acknowledged).toBeGreaterThan(900);
    const stored = await storedOf('many-');
    expect([...stored.values()].reduce((sum, list) => sum + list.length, 0)).toBe(last.acknowledged);
  });

  test('ends with its signal, summary included, and leaves no device connected', async () => {
    const stop = new AbortController();
    const last = await run({ prefix: 'stop-', count: 5, duration: 60_000, signal: stop.signal }, () => stop.abort());
    expect(last.phase).toBe('finished');
    const connected = await eventuallyNone('stop-');
    expect(connected).toBe(0);
  });

  test('fails with hub-unreachable when no device can connect', async () => {
    const wrong = { ...address, deviceUrl: 'mqtts://localhost:1' };
    const running = simulateFleet(hub.client, wrong, realClock, request({ prefix: 'lost-', count: 2, duration: 300 }));
    await expect(
      (async () => {
        for await (const _ of running);
      })(),
    ).rejects.toMatchObject({ code: 'hub-unreachable' });
  });
});

describe('credentials', () => {
  test('are fetched for new and for existing devices in the order asked for', async () => {
    const signal = new AbortController().signal;
    const first = await deviceCredentials(hub.client, { deviceIds: ['c-2', 'c-1'], signal });
    const again = await deviceCredentials(hub.client, { deviceIds: ['c-1', 'c-2'], signal });
    expect(first.map(({ deviceId }) => deviceId)).toEqual(['c-2', 'c-1']);
    expect(again.toReversed()).toEqual(first);
  });

  test('of a device id that cannot be are refused before anything is made', async () => {
    await expect(deviceCredentials(hub.client, { deviceIds: ['fine', 'not fine'] })).rejects.toMatchObject({
      code: 'invalid-value',
    });
    await expect(hub.client.devices.get('fine')).rejects.toMatchObject({ code: 'device-not-found' });
  });
});

test.each([
  [{ hostName: 'h.azure-devices.net' }, { host: 'h.azure-devices.net', port: 8883, tls: true }],
  [{ hostName: 'localhost:4443' }, { host: 'localhost', port: 8883, tls: true }],
  [
    { hostName: 'x', deviceUrl: 'mqtt://127.0.0.1:1884' },
    { host: '127.0.0.1', port: 1884, tls: false },
  ],
  [
    { hostName: 'x', deviceUrl: 'mqtts://[::1]:99' },
    { host: '::1', port: 99, tls: true },
  ],
])('devices of %j connect to %j', async (given, endpoint) => {
  expect(await deviceEndpoint(given)).toEqual(endpoint);
});

test.each(['http://x:1', 'x:1', '', 'mqtts://'])('%j is no address for devices', async (deviceUrl) => {
  await expect(deviceEndpoint({ hostName: 'x', deviceUrl })).rejects.toMatchObject({ code: 'invalid-value' });
});

async function eventuallyNone(prefix: string): Promise<number> {
  for (let attempt = 0; ; attempt++) {
    let connected = 0;
    const query = `SELECT * FROM devices WHERE STARTSWITH(deviceId, '${prefix}') AND connectionState = 'Connected'`;
    for await (const page of hub.client.queries.query(query)) connected += page.length;
    if (connected === 0 || attempt > 100) return connected;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}
