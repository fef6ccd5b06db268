import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bodyAsJson, parsePosition, type TelemetryMessage } from '../../src/protocol/telemetry/index.ts';
import { startTestHub, take, type TestHub } from './test-hub.ts';

describe('telemetry from a device to an operator', () => {
  let hub: TestHub;
  const ids = ['truck-1', 'truck-2', 'pump-1', 'pump-2', 'pump-3'];
  const perDevice = 200;

  beforeAll(async () => {
    hub = await startTestHub();
    await hub.provision(ids);
    await Promise.all(
      ids.map(async (id) => {
        const device = await hub.connect(id, { secure: id === 'truck-1' });
        const sends = Array.from({ length: perDevice }, (_, n) =>
          device.sendTelemetry({ n }, { properties: { unit: `°C & "${id}"` } }),
        );
        await Promise.all(sends);
      }),
    );
  });
  afterAll(() => hub.close());

  it('when it is acknowledged, then it is read back whole: no gap, no repeat, in the order each device sent it', async () => {
    const messages = await readStored(hub);
    expect(messages).toHaveLength(ids.length * perDevice);
    for (const id of ids) expect(numbers(messages, id)).toEqual(Array.from({ length: perDevice }, (_, n) => n));
    expectWithoutHoles(messages);
  });

  it('keeps each device in one partition and the properties as they were sent', async () => {
    const messages = await readStored(hub);
    for (const id of ids) {
      const own = messages.filter(({ deviceId }) => deviceId === id);
      expect(new Set(own.map(({ partition }) => partition)).size).toBe(1);
      expect(own[0]).toMatchObject({
        properties: { unit: `°C & "${id}"` },
        system: { 'content-type': 'application/json' },
      });
      expect(Math.abs(Date.now() - Date.parse(own[0]?.enqueuedTime ?? ''))).toBeLessThan(60_000);
    }
  });

  it('filters by ids and globs in the hub', async () => {
    expect(await readStored(hub, ['pump-*'])).toHaveLength(3 * perDevice);
    expect(await readStored(hub, ['truck-2', 'pump-1'])).toHaveLength(2 * perDevice);
    expect(await readStored(hub, ['none'])).toHaveLength(0);
  });

  it('when a reader stops anywhere, then its position leads to exactly the rest', async () => {
    const whole = await readStored(hub);
    const first: TelemetryMessage[] = [];
    let position = '';
    for await (const batch of hub.client.telemetry.read({ from: 'earliest', follow: false })) {
      first.push(...batch.messages);
      position = batch.position;
      if (first.length > 0) break;
    }
    expect(parsePosition(position)).toBeDefined();
    const rest = await take(hub.client.telemetry.read({ from: { position }, follow: false }), Number.POSITIVE_INFINITY);
    expect(keysOf([...first, ...rest])).toEqual(keysOf(whole));
  });

  it('when a reader begins at the end, then it sees only what comes after', async () => {
    const reader = hub.client.telemetry.read({ from: 'latest', follow: true });
    const iterator = reader[Symbol.asyncIterator]();
    let opening = (await iterator.next()).value;
    while (opening?.live === false) opening = (await iterator.next()).value;
    expect(opening).toMatchObject({ messages: [], live: true });
    const device = await hub.connect('truck-2');
    await device.sendTelemetry({ n: 'live' });
    const seen: TelemetryMessage[] = [];
    while (seen.length === 0) seen.push(...((await iterator.next()).value?.messages ?? []));
    await iterator.return?.();
    expect(seen.map(bodyAsJson)).toEqual([{ n: 'live' }]);
  });
});

function readStored(hub: TestHub, devices: readonly string[] = []): Promise<TelemetryMessage[]> {
  return take(hub.client.telemetry.read({ from: 'earliest', follow: false, devices }), Number.POSITIVE_INFINITY);
}

function numbers(messages: readonly TelemetryMessage[], id: string): unknown[] {
  return messages.filter(({ deviceId }) => deviceId === id).map((message) => (bodyAsJson(message) as { n: unknown }).n);
}

function keysOf(messages: readonly TelemetryMessage[]): string[] {
  return messages.map(({ partition, sequenceNumber }) => `${partition}:${sequenceNumber}`).toSorted();
}

function expectWithoutHoles(messages: readonly TelemetryMessage[]): void {
  const byPartition = Map.groupBy(messages, ({ partition }) => partition);
  for (const own of byPartition.values())
    expect(own.map(({ sequenceNumber }) => sequenceNumber)).toEqual(own.map((_, index) => index));
}
