import { connect, type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isFailure } from '../../src/errors/index.ts';
import type { FeedbackRecord, Hub } from '../../src/fleet/ports.ts';
import { formatMqttUsername } from '../../src/protocol/mqtt/index.ts';
import { createSasToken } from '../../src/protocol/sas-token.ts';
import { connectHub } from '../../src/client/index.ts';
import { realClock } from '../support/real-clock.ts';
import { connectionTo, startTestHub, type TestHub } from './test-hub.ts';

describe('messages from an operator to a device', () => {
  let hub: TestHub;
  let operator: Hub;
  const open: MqttClient[] = [];
  beforeAll(async () => {
    hub = await startTestHub();
    const { amqp, http } = hub.info.ports;
    const connection = { ...connectionTo(hub.info, `http://127.0.0.1:${http}`), amqpUrl: `amqp://127.0.0.1:${amqp}` };
    operator = connectHub(connection, { clock: realClock, random: () => 0 });
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((client) => client.endAsync(true)));
  });
  afterAll(async () => {
    await operator.close();
    await hub.close();
  });

  /** A device with a plain MQTT client, its session kept by the hub; notes bodies as they come. */
  async function listen(deviceId: string, key: string, bodies: string[], subscribe = true): Promise<MqttClient> {
    const { hostName, ports } = hub.info;
    const client = connect(`mqtt://127.0.0.1:${ports.mqtt}`, {
      clientId: deviceId,
      username: formatMqttUsername({ hostName, deviceId, apiVersion: '2021-04-12' }),
      password: createSasToken({
        resource: `${hostName}/devices/${deviceId}`,
        key,
        expiresAt: Date.now() / 1_000 + 3_600,
      }),
      clean: false,
      reconnectPeriod: 0,
      protocolVersion: 4,
    });
    open.push(client);
    // Before the connection: messages follow a CONNACK at once.
    client.on('message', (_topic, body) => bodies.push(body.toString()));
    await new Promise<void>((resolve, reject) => client.once('connect', () => resolve()).once('error', reject));
    if (subscribe) await client.subscribeAsync(`devices/${deviceId}/messages/devicebound/#`, { qos: 1 });
    return client;
  }

  async function provision(deviceId: string): Promise<string> {
    return (await hub.provision([deviceId])).get(deviceId) ?? '';
  }

  it('when a device listens, then it gets a message at once, and the sender hears that it has it', async () => {
    const key = await provision('listener');
    const bodies: string[] = [];
    await listen('listener', key, bodies);
    const stop = new AbortController();
    const heard: FeedbackRecord[] = [];
    const listening = (async () => {
      for await (const records of operator.channel.feedback({ signal: stop.signal })) heard.push(...records);
    })();
    // As many as make a batch: the hub tells of fewer only after 15 seconds.
    const ids = Array.from({ length: 64 }, (_, n) => `m${n}`);
    for (const messageId of ids)
      await operator.channel.send('listener', { body: Buffer.from(messageId), messageId, ack: 'full' });
    await expect.poll(() => bodies).toEqual(ids);
    await expect.poll(() => heard.map(({ originalMessageId }) => originalMessageId)).toEqual(ids);
    expect(heard[0]).toMatchObject({ deviceId: 'listener', statusCode: 'Success' });
    stop.abort();
    await expect(listening).rejects.toThrow();
  });

  it('when the hub is started again, then what was queued is delivered and counted until then', async () => {
    const key = await provision('sleeper');
    for (const body of ['one', 'two', 'three'])
      await operator.channel.send('sleeper', { body: Buffer.from(body), messageId: body });
    await hub.restart();
    expect((await operator.devices.get('sleeper')).cloudToDeviceMessageCount).toBe(3);
    expect(await operator.messages.list('sleeper', { state: 'queued', bodies: true })).toMatchObject([
      { messageId: 'one', body: Buffer.from('one').toString('base64') },
      { messageId: 'two' },
      { messageId: 'three' },
    ]);
    const bodies: string[] = [];
    await listen('sleeper', key, bodies);
    await expect.poll(() => bodies).toEqual(['one', 'two', 'three']);
    await expect.poll(async () => (await operator.devices.get('sleeper')).cloudToDeviceMessageCount).toBe(0);
  });

  it('when a device comes back to its stored session, then messages come without a new subscription', async () => {
    const key = await provision('returner');
    await (await listen('returner', key, [])).endAsync(true);
    await operator.channel.send('returner', { body: Buffer.from('welcome back') });
    await hub.restart();
    const bodies: string[] = [];
    await listen('returner', key, bodies, false);
    await expect.poll(() => bodies).toEqual(['welcome back']);
  });

  it('when a queue is full or a device is not there, then the sender is told which', async () => {
    await provision('full');
    await Promise.all(
      Array.from({ length: 50 }, (_, n) => operator.channel.send('full', { body: Buffer.from(String(n)) })),
    );
    const more = await operator.channel.send('full', { body: Buffer.from('x') }).catch((error: unknown) => error);
    expect(isFailure(more, 'quota-exceeded')).toBe(true);
    const nobody = await operator.channel.send('nobody', { body: Buffer.from('x') }).catch((error: unknown) => error);
    expect(isFailure(nobody, 'device-not-found')).toBe(true);
    expect(await operator.messages.purge('full')).toBe(50);
    expect(await operator.messages.list('full', { state: 'queued', bodies: false })).toEqual([]);
  });
});
