import { describe, expect, test } from 'vitest';
import type { DeviceConnection, MethodHandler } from '../../../src/device/index.ts';
import type { DesiredListener } from '../../../src/device/connection/twin-channel.ts';
import { models } from '../../../src/device/models/index.ts';
import { SimulatedDevice } from '../../../src/device/simulator/simulated-device.ts';
import { virtualTime } from '../../../src/device/simulator/virtual-time.ts';
import { seededRandom } from '../../../src/std/random.ts';
import type { JsonObject, JsonValue } from '../../../src/std/json.ts';
import type { MethodResponse } from '../../../src/protocol/method.ts';
import { fakeClock, type FakeClock } from '../../support/fake-clock.ts';

interface Rig {
  readonly clock: FakeClock;
  readonly device: SimulatedDevice;
  /** Body and real time of each message. */
  readonly sent: { readonly body: JsonObject; readonly at: number }[];
  readonly reported: JsonObject[];
  readonly failures: string[];
  readonly call: (name: string, payload?: JsonValue) => Promise<MethodResponse>;
  readonly desire: (desired: JsonObject, version: number) => void;
  /** Makes the hub withhold acknowledgements. */
  readonly stall: () => void;
}

function rig(name: string, options: { speed?: number; intervalSeconds?: number; seed?: number } = {}): Rig {
  const clock = fakeClock();
  const model = models.get(name);
  if (model === undefined) throw new Error(name);
  const sent: { body: JsonObject; at: number }[] = [];
  const reported: JsonObject[] = [];
  const failures: string[] = [];
  let handler: MethodHandler | undefined;
  let listener: DesiredListener | undefined;
  let stalled = false;
  const connection: DeviceConnection = {
    deviceId: 'truck-1',
    connected: true,
    sendTelemetry: async (body) => {
      sent.push({ body: body as JsonObject, at: clock.monotonic() });
      if (stalled) await new Promise(() => undefined);
    },
    getTwin: async () => ({ desired: {}, reported: {} }),
    reportProperties: async (patch) => {
      reported.push(patch);
      return reported.length;
    },
    onDesired: (given) => (listener = given),
    onMethod: (given) => (handler = given),
    onState: () => () => undefined,
    drained: async () => undefined,
    close: async () => undefined,
  };
  const device = new SimulatedDevice({
    model,
    connection,
    intervalSeconds: options.intervalSeconds ?? model.intervalSeconds,
    random: seededRandom(options.seed ?? 7),
    time: virtualTime(clock, options.speed ?? 1),
    clock,
    observer: {
      sent: () => undefined,
      acknowledged: () => undefined,
      failed: (error) => failures.push(error.message),
      problem: () => undefined,
      answered: () => undefined,
    },
  });
  device.start();
  return {
    clock,
    device,
    sent,
    reported,
    failures,
    call: async (method, payload = null) => handler?.(method, payload) ?? { status: 0, payload: null },
    desire: (desired, version) => listener?.({ desired, version, complete: false }),
    stall: () => (stalled = true),
  };
}

describe('readings', () => {
  test('come at the interval of virtual time, the first within one interval', async () => {
    const { clock, sent } = rig('refrigerated-truck', { speed: 60 });
    await clock.advance(5_000);
    expect(sent).toHaveLength(1);
    await clock.advance(20_000);
    expect(sent).toHaveLength(5);
    const gaps = sent.slice(1).map(({ at }, index) => Math.round(at - (sent[index]?.at ?? 0)));
    expect(gaps).toEqual([5_000, 5_000, 5_000, 5_000]);
  });

  test('are the same for the same seed at any speed', async () => {
    const slow = rig('oil-pump', { speed: 1 });
    const fast = rig('oil-pump', { speed: 100 });
    await slow.clock.advance(100_000);
    await fast.clock.advance(1_000);
    expect(slow.sent.length).toBeGreaterThan(8);
    expect(fast.sent.map(({ body }) => body)).toEqual(slow.sent.map(({ body }) => body));
  });

  test('stop with the device', async () => {
    const { clock, device, sent } = rig('oil-pump');
    await clock.advance(30_000);
    device.stop();
    const { length } = sent;
    await clock.advance(60_000);
    expect(sent).toHaveLength(length);
    expect(clock.pending).toBe(0);
  });

  test('that find too many others on their way are counted as failed, not kept', async () => {
    const { clock, sent, failures, stall } = rig('elevator');
    stall();
    await clock.advance(100_000);
    expect(sent).toHaveLength(64);
    expect(failures.length).toBeGreaterThan(30);
  });
});

describe('commands', () => {
  test('set-interval changes the rate at once and reports it', async () => {
    const { clock, sent, reported, call } = rig('refrigerated-truck');
    await clock.advance(300_000);
    const { length } = sent;
    expect(await call('set-interval', { seconds: 30 })).toEqual({
      status: 200,
      payload: { telemetryInterval: 30, before: 300 },
    });
    await clock.advance(300_000);
    expect(sent).toHaveLength(length + 10);
    expect(reported.at(-1)).toEqual({ telemetryInterval: 30 });
  });

  test.each([[null], [{}], [{ seconds: '30' }], [{ seconds: 0 }], [{ seconds: 1e9 }], [[30]]])(
    'set-interval refuses %j',
    async (payload) => {
      const { call } = rig('refrigerated-truck');
      expect((await call('set-interval', payload)).status).toBe(400);
    },
  );

  test('an unknown command is answered 404 with the known ones', async () => {
    const { call } = rig('oil-pump');
    expect(await call('explode')).toMatchObject({
      status: 404,
      payload: { message: expect.stringContaining('emergency-valve-release') as string },
    });
  });

  test('ping, get-info and the model’s own are answered', async () => {
    const { call } = rig('oil-pump');
    expect(await call('ping')).toEqual({ status: 200, payload: { message: 'pong' } });
    expect(await call('get-info')).toMatchObject({
      status: 200,
      payload: { model: 'oil-pump', telemetryInterval: 10 },
    });
    expect(await call('stop')).toEqual({ status: 200, payload: { pump: 'stopped' } });
  });
});

describe('properties', () => {
  test('the start is reported: model, facts, interval and settings', async () => {
    const { clock, reported } = rig('refrigerated-truck');
    await clock.advance(0);
    expect(reported[0]).toMatchObject({ model: 'refrigerated-truck', telemetryInterval: 300, targetTemperature: -18 });
  });

  test('desired ones are obeyed and acknowledged, wrong ones refused with the reason, unknown ones left alone', async () => {
    const { clock, reported, desire } = rig('refrigerated-truck');
    await clock.advance(0);
    desire({ telemetryInterval: 60, targetTemperature: 99, colour: 'red' }, 5);
    await clock.advance(0);
    expect(reported.at(-1)).toEqual({
      telemetryInterval: 60,
      targetTemperature: -18,
      acknowledged: {
        telemetryInterval: { version: 5, status: 200, message: null },
        targetTemperature: { version: 5, status: 400, message: 'targetTemperature must be a number from -25 to 10' },
      },
    });
  });

  test('a removed desired property brings the default back', async () => {
    const { clock, reported, desire } = rig('refrigerated-truck');
    desire({ telemetryInterval: 60 }, 2);
    desire({ telemetryInterval: null }, 3);
    await clock.advance(0);
    expect(reported.at(-1)).toEqual({ telemetryInterval: 300, acknowledged: { telemetryInterval: null } });
  });
});
