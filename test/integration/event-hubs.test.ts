/** Telemetry as it is read from a hub without a stream of its own: by redirect and Event Hubs, over each way there is. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEventHubSource } from '../../src/client/event-hubs/source.ts';
import { connectHub, type TelemetryBatch, type TelemetryRequest } from '../../src/client/index.ts';
import type { KeyConnection } from '../../src/config/profile.ts';
import { bodyAsJson, type TelemetryMessage } from '../../src/protocol/telemetry/index.ts';
import { realClock } from '../support/real-clock.ts';
import { connectionTo, startTestHub, type TestHub } from './test-hub.ts';

type Way = 'plain' | 'tls' | 'websocket';

/** How an operator reaches the hub; over TLS the hub's own authority has to be trusted. */
function connectionOver(way: Way, { info }: TestHub): KeyConnection {
  if (way === 'plain') {
    const connection = connectionTo(info, `http://127.0.0.1:${info.ports.http}`);
    return { ...connection, amqpUrl: `amqp://127.0.0.1:${info.ports.amqp}` };
  }
  return {
    ...connectionTo(info, `https://127.0.0.1:${info.ports.https}`),
    amqpUrl: `amqps://127.0.0.1:${info.ports.amqps}`,
    ...(way === 'websocket' ? { amqpWebSockets: 'always' as const } : {}),
  };
}

const dependencies = { clock: realClock, random: () => 0 };

function numbersOf(messages: readonly TelemetryMessage[], id: string): unknown[] {
  return messages.filter(({ deviceId }) => deviceId === id).map((message) => (bodyAsJson(message) as { n: number }).n);
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}

describe('telemetry by Event Hubs', () => {
  let hub: TestHub;
  const ids = ['truck-1', 'truck-2', 'pump-1'];
  const perDevice = 40;

  beforeAll(async () => {
    hub = await startTestHub({ consumerGroups: ['mine'], routes: ['deviceLifecycleEvents'] });
    await hub.provision(ids);
    for (const id of ids) await send(id, 0, perDevice);
  });
  afterAll(() => hub.close());

  async function send(id: string, from: number, count: number): Promise<void> {
    const device = await hub.connect(id);
    await Promise.all(Array.from({ length: count }, (_, n) => device.sendTelemetry({ n: from + n })));
    await device.close();
  }

  function read(
    request: Partial<TelemetryRequest> = {},
    connection = connectionOver('plain', hub),
  ): AsyncIterable<TelemetryBatch> {
    return createEventHubSource(connection, dependencies).read({ from: 'earliest', follow: false, ...request });
  }

  async function readAll(
    request: Partial<TelemetryRequest> = {},
    connection?: KeyConnection,
  ): Promise<{ messages: TelemetryMessage[]; position: string }> {
    const messages: TelemetryMessage[] = [];
    let position = '';
    for await (const batch of read(request, connection)) {
      messages.push(...batch.messages);
      ({ position } = batch);
    }
    return { messages, position };
  }

  for (const way of ['plain', 'tls', 'websocket'] as const) {
    it(`when it is read over ${way}, then everything that is stored comes, in order, and the reading ends`, async () => {
      const { messages } = await readAll({}, connectionOver(way, hub));
      for (const id of ids) expect(numbersOf(messages, id).slice(0, perDevice)).toEqual(upTo(perDevice));
      expect(messages[0]).toMatchObject({
        system: { 'content-type': 'application/json', 'content-encoding': 'utf-8' },
      });
    });
  }

  it('when the stream is not there, as in the cloud, then a hub gives the same by itself', async () => {
    const imitating = await startTestHub({ imitation: { tier: 'S1' } });
    try {
      await imitating.provision(['truck-9']);
      const device = await imitating.connect('truck-9');
      await device.sendTelemetry({ n: 1 });
      const connection = connectionOver('plain', imitating);
      const client = connectHub(connection, dependencies);
      const found: TelemetryMessage[] = [];
      for await (const { messages } of client.telemetry.read({ from: 'earliest', follow: false }))
        found.push(...messages);
      await client.close();
      expect(found.map(({ deviceId }) => deviceId)).toEqual(['truck-9']);
    } finally {
      await imitating.close();
    }
  });

  it('when reading goes on at a position, then nothing is missing and nothing comes twice', async () => {
    const { position } = await readAll();
    await send('truck-1', perDevice, 3);
    const rest = await readAll({ from: { position } });
    expect(numbersOf(rest.messages, 'truck-1')).toEqual([perDevice, perDevice + 1, perDevice + 2]);
    expect(rest.messages).toHaveLength(3);
    expect((await readAll({ from: { position: rest.position } })).messages).toEqual([]);
  });

  it('when reading follows from the latest, then new messages come and no old ones', async () => {
    const end = new AbortController();
    const seen: TelemetryMessage[] = [];
    try {
      for await (const batch of read({ from: 'latest', follow: true, signal: end.signal })) {
        if (batch.position !== '' && seen.length === 0 && batch.messages.length === 0) await send('pump-1', 1_000, 2);
        seen.push(...batch.messages);
        if (seen.length >= 2) end.abort(new Error('enough'));
      }
    } catch (error) {
      expect(error).toMatchObject({ message: 'enough' });
    }
    expect(new Set(numbersOf(seen, 'pump-1'))).toEqual(new Set([1_000, 1_001]));
  });

  it('when a span and devices are named, then what lies in it comes, of those alone', async () => {
    const { messages } = await readAll({ devices: ['truck-*'] });
    expect(new Set(messages.map(({ deviceId }) => deviceId))).toEqual(new Set(['truck-1', 'truck-2']));
    const times = messages.map(({ enqueuedTime }) => Date.parse(enqueuedTime)).toSorted((left, right) => left - right);
    const middle = times[Math.floor(times.length / 2)] ?? 0;
    const later = await readAll({ devices: ['truck-*'], from: { time: middle } });
    expect(later.messages).toHaveLength(times.filter((time) => time >= middle).length);
    const earlier = await readAll({ devices: ['truck-*'], until: middle });
    expect(earlier.messages).toHaveLength(times.filter((time) => time < middle).length);
  });

  it('when events are asked for, then those that are routed come and no telemetry', async () => {
    const { messages } = await readAll({ sources: ['deviceLifecycleEvents', 'twinChangeEvents'] });
    const told = messages.map(({ deviceId, source }) => `${source} ${deviceId}`);
    expect(new Set(told)).toEqual(new Set(ids.map((id) => `deviceLifecycleEvents ${id}`)));
    expect(told).toHaveLength(ids.length);
    expect(messages[0]?.system['iothub-message-schema']).toBe('deviceLifecycleNotification');
  });

  it('when a consumer group is named, then it is used; one that is not there is said', async () => {
    expect((await readAll({ consumerGroup: 'mine' })).messages.length).toBeGreaterThan(0);
    await expect(readAll({ consumerGroup: 'nobody' })).rejects.toMatchObject({
      code: 'not-found',
      hint: expect.stringContaining('--consumer-group') as string,
    });
  });

  it('when the key is wrong, then the reading fails at once and says so', async () => {
    const connection = { ...connectionOver('plain', hub), sharedAccessKey: Buffer.alloc(32).toString('base64') };
    await expect(readAll({}, connection)).rejects.toMatchObject({ code: 'not-authorised' });
  });

  it('when nothing listens, then that is said', async () => {
    const connection = { ...connectionOver('plain', hub), amqpUrl: 'amqp://127.0.0.1:1' };
    await expect(readAll({}, connection)).rejects.toMatchObject({ code: 'hub-unreachable' });
  });

  it('when the hub restarts under a reader, then it goes on without gap or repeat', async () => {
    const end = new AbortController();
    const seen: unknown[] = [];
    let restarted = false;
    try {
      for await (const batch of read({
        from: 'latest',
        follow: true,
        signal: end.signal,
      })) {
        seen.push(...numbersOf(batch.messages, 'truck-2'));
        if (seen.length === 0) await send('truck-2', 2_000, 1);
        else if (!restarted) {
          restarted = true;
          await hub.restart();
          await send('truck-2', 2_001, 2);
        } else if (seen.length >= 3) end.abort(new Error('enough'));
      }
    } catch (error) {
      expect(error).toMatchObject({ message: 'enough' });
    }
    expect(seen).toEqual([2_000, 2_001, 2_002]);
  });
});
