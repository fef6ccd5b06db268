import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import * as fc from 'fast-check';
import mqttPacket from 'mqtt-packet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatMqttUsername, telemetryTopic, twinGetTopic, twinPatchTopic } from '../../src/protocol/mqtt/index.ts';
import { createSasToken } from '../../src/protocol/sas-token.ts';
import { bodyAsText } from '../../src/protocol/telemetry/index.ts';
import { startTestHub, take, type TestHub } from './test-hub.ts';

let hub: TestHub;
let key = '';

beforeAll(async () => {
  hub = await startTestHub();
  key = (await hub.provision(['hostile', 'honest'])).get('hostile') ?? '';
});
afterAll(() => hub.close());

/** The bytes of a CONNECT that is accepted. */
function goodConnect(): Buffer {
  const { hostName } = hub.info;
  const expiresAt = Math.floor(Date.now() / 1_000) + 600;
  const password = createSasToken({ resource: `${hostName}/devices/hostile`, key, expiresAt });
  const username = formatMqttUsername({ hostName, deviceId: 'hostile' });
  return mqttPacket.generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    clientId: 'hostile',
    keepalive: 60,
    username,
    password: Buffer.from(password),
  });
}

function publish(topic: string, payload: string, qos: 0 | 1 = 1): Buffer {
  return mqttPacket.generate({ cmd: 'publish', topic, payload, qos, messageId: 7, dup: false, retain: false });
}

async function open(port: number | null): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: port ?? 0, noDelay: true });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Sends bytes and says nothing more; resolves when the hub has ended the connection too. */
async function send(bytes: Uint8Array, port: number | null): Promise<void> {
  const socket = await open(port);
  socket.resume();
  socket.end(bytes);
  await once(socket, 'close');
}

/** The same on a connection that the hub has accepted. */
async function sendAccepted(bytes: Uint8Array): Promise<void> {
  const socket = await open(hub.info.ports.mqtt);
  socket.write(goodConnect());
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect([...answer.subarray(0, 4)]).toEqual([0x20, 2, 0, 0]);
  socket.resume();
  socket.end(bytes);
  await once(socket, 'close');
}

async function expectHealthy(): Promise<void> {
  const device = await hub.connect('honest');
  const text = `still here ${Math.random()}`;
  await device.sendTelemetry(text);
  const request = { from: { time: Date.now() - 60_000 }, follow: false, devices: ['honest'] };
  const messages = await take(hub.client.telemetry.read(request), Number.POSITIVE_INFINITY);
  expect(bodyAsText(messages.at(-1)!)).toContain('still here');
  await device.close();
}

describe('whatever a device sends', () => {
  it('when bytes are no MQTT, then the connection ends and the hub goes on', async () => {
    const starts = [
      Buffer.alloc(0),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff]),
      Buffer.from([0x10, 0]),
    ];
    const bytes = fc
      .tuple(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 200 }))
      .map((parts) => Buffer.concat(parts));
    await fc.assert(
      fc.asyncProperty(bytes, (garbage) => send(garbage, hub.info.ports.mqtt)),
      { numRuns: 100 },
    );
    await expectHealthy();
  });

  it('when valid packets are cut, changed and mixed after a good CONNECT, then the hub goes on', async () => {
    const packets = [
      publish(telemetryTopic('hostile', 'a=%&%24.ct=%zz&__proto__=1&constructor=2'), '{"__proto__":{"polluted":1}}'),
      publish(twinPatchTopic('1'), '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":2}}}'),
      publish(twinPatchTopic('2', 99), `${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}`),
      publish(twinPatchTopic('3'), `{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}`),
      publish(twinGetTopic('x'.repeat(2_000)), ' '),
      publish('$iothub/methods/res/NaN/?$rid=zz', 'not json'),
      publish('$iothub/methods/res/200/?$rid=__proto__', '{}'),
      mqttPacket.generate({ cmd: 'subscribe', messageId: 3, subscriptions: [{ topic: '$iothub/twin/res/#', qos: 2 }] }),
      mqttPacket.generate({ cmd: 'unsubscribe', messageId: 4, unsubscriptions: ['nothing'] }),
      mqttPacket.generate({ cmd: 'puback', messageId: 9 }),
      mqttPacket.generate({ cmd: 'pubrel', messageId: 9 }),
      goodConnect(),
    ];
    const edit = fc.record({ at: fc.nat(), value: fc.nat(255) });
    const change = fc.record({
      packet: fc.constantFrom(...packets),
      edits: fc.array(edit, { maxLength: 3 }),
      cut: fc.option(fc.nat(), { freq: 4 }),
    });
    const changed = change.map(({ packet, edits, cut }) => {
      const copy = Buffer.from(packet);
      for (const { at, value } of edits) copy[at % copy.length] = value;
      return cut === null ? copy : copy.subarray(0, cut % copy.length);
    });
    await fc.assert(
      fc.asyncProperty(fc.array(changed, { maxLength: 6 }), (sequence) => sendAccepted(Buffer.concat(sequence))),
      { numRuns: 150 },
    );
    await expectHealthy();
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('when bytes come where TLS or HTTP is spoken, then the hub goes on', async () => {
    for (const port of [hub.info.ports.mqtts, hub.info.ports.https, hub.info.ports.http]) {
      for (const bytes of [
        Buffer.from('hello'),
        goodConnect(),
        Buffer.alloc(2_000, 0x16),
        Buffer.from('POST /devices/query HTTP/1.1\r\nContent-Length: 5\r\n\r\nhi'),
      ]) {
        await send(bytes, port);
      }
    }
    await expectHealthy();
  });
});
