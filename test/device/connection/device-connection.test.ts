import { afterEach, describe, expect, test } from 'vitest';
import {
  connectDevice,
  openDevice,
  type ConnectOptions,
  type DeviceConnection,
  type LinkState,
} from '../../../src/device/index.ts';
import { coversResource, parseSasToken, verifySasToken } from '../../../src/protocol/sas-token.ts';
import { isPublish, startMqttPeer, type MqttPeer, type PeerBehaviour } from '../../support/mqtt-peer.ts';
import { realClock } from '../../support/real-clock.ts';

const key = Buffer.from('a key of at least 16 bytes').toString('base64');
const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

async function peerWith(behaviour: PeerBehaviour = {}): Promise<MqttPeer> {
  const peer = await startMqttPeer(behaviour);
  cleanups.push(() => peer.close());
  return peer;
}

function optionsFor(peer: { port: number }, more: Partial<ConnectOptions> = {}): ConnectOptions {
  return {
    credentials: { hostName: 'hub.example', deviceId: 'truck-1', sharedAccessKey: key },
    endpoint: { host: '127.0.0.1', port: peer.port, tls: false },
    clock: realClock,
    random: () => 0.5,
    ...more,
    limits: { backoff: { firstMs: 10, maximumMs: 50 }, ...more.limits },
  };
}

async function connected(peer: MqttPeer, more: Partial<ConnectOptions> = {}): Promise<DeviceConnection> {
  const device = await connectDevice(optionsFor(peer, more));
  cleanups.push(() => device.close());
  return device;
}

function nextState(device: DeviceConnection, kind: LinkState['kind']): Promise<LinkState> {
  return new Promise((resolve) => {
    const unlisten = device.onState((state) => {
      if (state.kind !== kind) return;
      unlisten();
      resolve(state);
    });
  });
}

describe('connecting', () => {
  test('sends MQTT 3.1.1, the device id, the documented user name, a valid token and clean session 0', async () => {
    const peer = await peerWith();
    await connected(peer);
    const { connect } = await peer.connection(0);
    expect(connect).toMatchObject({
      protocolId: 'MQTT',
      protocolVersion: 4,
      clientId: 'truck-1',
      username: 'hub.example/truck-1/?api-version=2021-04-12&DeviceClientType=iotctl',
      clean: false,
    });
    const token = parseSasToken(String(connect.password));
    expect(token && verifySasToken(token, [key])).toBe(true);
    expect(coversResource(token?.resource ?? '', 'hub.example/devices/truck-1')).toBe(true);
  });

  test('fails with not-authorised when the hub refuses, and leaves nothing open', async () => {
    const peer = await peerWith({ connack: 5 });
    await expect(connectDevice(optionsFor(peer))).rejects.toMatchObject({ code: 'not-authorised' });
    expect(peer.connections).toHaveLength(1);
  });

  test('fails with hub-unreachable at the deadline when nobody listens, naming the address', async () => {
    const peer = await startMqttPeer();
    await peer.close();
    await expect(connectDevice(optionsFor(peer, { firstConnectMs: 60 }))).rejects.toMatchObject({
      code: 'hub-unreachable',
      message: expect.stringContaining(`127.0.0.1:${peer.port}`) as string,
    });
  });

  test('fails with the reason of the signal while the hub stays silent', async () => {
    const peer = await peerWith({ connack: 'silent' });
    const stop = new AbortController();
    const connecting = connectDevice(optionsFor(peer, { signal: stop.signal }));
    await peer.connection(0);
    stop.abort(new Error('stopped by a person'));
    await expect(connecting).rejects.toThrow('stopped by a person');
  });
});

describe('telemetry', () => {
  test('resolves at the PUBACK and carries properties, content type and encoding in the topic', async () => {
    const peer = await peerWith();
    const device = await connected(peer);
    await device.sendTelemetry({ temperature: -18.5 }, { properties: { alarm: 'a&b' }, messageId: 'm1' });
    expect(peer.published[0]).toMatchObject({
      qos: 1,
      topic: 'devices/truck-1/messages/events/%24.mid=m1&%24.ct=application%2Fjson&%24.ce=utf-8&alarm=a%26b',
    });
    expect(JSON.parse(String(peer.published[0]?.payload))).toEqual({ temperature: -18.5 });
  });

  test('rejects at its deadline when the hub never acknowledges', async () => {
    const peer = await peerWith({ withholdAcks: true });
    const device = await connected(peer, { limits: { answerTimeoutMs: 80 } });
    await expect(device.sendTelemetry({ n: 1 })).rejects.toMatchObject({ code: 'timed-out', retryable: true });
  });

  test('rejects at its deadline when the link is gone and does not come back', async () => {
    const peer = await peerWith({ withholdAcks: true });
    const device = await connected(peer, { limits: { answerTimeoutMs: 80 } });
    const sending = device.sendTelemetry({ n: 1 });
    const outcome = expect(sending).rejects.toMatchObject({ code: 'hub-unreachable' });
    await peer.packet(isPublish('/messages/events/'));
    await peer.close();
    await outcome;
  });

  test('sends what a lost link left unacknowledged again on the next one, in order and before anything newer', async () => {
    const peer = await peerWith({ withholdAcks: true });
    const device = await connected(peer);
    const first = [1, 2, 3].map((n) => device.sendTelemetry({ n }));
    await peer.packet((packet): packet is never => packet.cmd === 'publish' && String(packet.payload) === '{"n":3}');
    const lost = nextState(device, 'lost');
    peer.behaviour = {};
    peer.cutAll();
    await lost;
    const newer = device.sendTelemetry({ n: 4 });
    await Promise.all([...first, newer]);
    expect(peer.published.slice(3).map((packet) => String(packet.payload))).toEqual([
      '{"n":1}',
      '{"n":2}',
      '{"n":3}',
      '{"n":4}',
    ]);
  });

  test('refuses a message that a hub would cut the connection for', async () => {
    const peer = await peerWith();
    const device = await connected(peer);
    await expect(device.sendTelemetry(new Uint8Array(300_000))).rejects.toMatchObject({ code: 'invalid-value' });
  });

  test('refuses more than the bound of waiting messages', async () => {
    const peer = await peerWith({ withholdAcks: true });
    const device = await connected(peer, { limits: { waitingMessages: 2, answerTimeoutMs: 100 } });
    const waiting = [device.sendTelemetry({ n: 1 }), device.sendTelemetry({ n: 2 })].map((sent) =>
      sent.catch(() => undefined),
    );
    await expect(device.sendTelemetry({ n: 3 })).rejects.toMatchObject({ code: 'throttled' });
    await Promise.all(waiting);
  });
});

describe('twin', () => {
  test('reads the twin and reports properties', async () => {
    const peer = await peerWith({ twin: { desired: { x: 1, $version: 4 }, reported: { $version: 1 } } });
    const device = await connected(peer);
    expect(await device.getTwin()).toEqual({ desired: { x: 1, $version: 4 }, reported: { $version: 1 } });
    expect(await device.reportProperties({ fw: '1' })).toBe(7);
  });

  test('tells the whole desired section after connect, then newer changes once each', async () => {
    const peer = await peerWith({ twin: { desired: { x: 1, $version: 4 }, reported: { $version: 1 } } });
    const device = await connected(peer);
    const changes: unknown[] = [];
    const two = new Promise<void>((resolve) => {
      device.onDesired((change) => {
        changes.push(change);
        if (changes.length === 1) {
          peer.publish('$iothub/twin/PATCH/properties/desired/?$version=4', '{"x":9,"$version":4}');
          peer.publish('$iothub/twin/PATCH/properties/desired/?$version=5', '{"x":null,"$version":5}');
        } else resolve();
      });
    });
    await two;
    expect(changes).toEqual([
      { desired: { x: 1 }, version: 4, complete: true },
      { desired: { x: null }, version: 5, complete: false },
    ]);
  });
});

async function call(peer: MqttPeer, name: string, payload: string): Promise<{ topic: string; body: unknown }> {
  const rid = String(peer.packets.length);
  peer.publish(`$iothub/methods/POST/${name}/?$rid=${rid}`, payload);
  const answer = await peer.packet(isPublish(`$rid=${rid}`));
  return { topic: answer.topic, body: JSON.parse(String(answer.payload)) as unknown };
}

function listening(packet: { cmd: string }): packet is never {
  return packet.cmd === 'subscribe';
}

describe('commands', () => {
  test('answers with the status and payload of the handler, under the request id', async () => {
    const peer = await peerWith();
    const device = await connected(peer);
    device.onMethod((name, payload) => ({ status: 200, payload: { name, payload } }));
    await peer.packet(listening);
    const { topic, body } = await call(peer, 'diagnose', '{"deep":true}');
    expect(topic).toMatch(/^\$iothub\/methods\/res\/200\/\?\$rid=\d+$/);
    expect(body).toEqual({ name: 'diagnose', payload: { deep: true } });
  });

  test('answers 500 when the handler throws, 400 when the payload is not JSON, and goes on', async () => {
    const peer = await peerWith();
    const device = await connected(peer);
    device.onMethod((name) => {
      if (name === 'break') throw new Error('valve stuck');
      return { status: 200, payload: null };
    });
    await peer.packet(listening);
    expect(await call(peer, 'break', 'null')).toMatchObject({
      topic: expect.stringContaining('/500/') as string,
      body: { message: 'valve stuck' },
    });
    expect(await call(peer, 'fine', '{no')).toMatchObject({ topic: expect.stringContaining('/400/') as string });
    expect(await call(peer, 'fine', '')).toMatchObject({ topic: expect.stringContaining('/200/') as string });
  });
});

describe('reconnecting', () => {
  test('comes back with a new token and subscribes again', async () => {
    const peer = await peerWith();
    const device = await connected(peer);
    device.onMethod(() => ({ status: 200, payload: null }));
    await peer.packet((packet): packet is never => packet.cmd === 'subscribe');
    const again = nextState(device, 'connected');
    peer.cutAll();
    await again;
    await device.sendTelemetry({ n: 1 });
    expect(peer.connections).toHaveLength(2);
    expect(peer.packets.filter((packet) => packet.cmd === 'subscribe')).toHaveLength(2);
  });

  test('renews its token by a new connection before it expires, without losing what is on its way', async () => {
    const peer = await peerWith();
    const device = await connected(peer, { limits: { tokenLifetimeMs: 200 } });
    const states: string[] = [];
    device.onState((state) => states.push(state.kind));
    const again = nextState(device, 'connected');
    await device.sendTelemetry({ n: 1 });
    await again;
    await device.sendTelemetry({ n: 2 });
    expect(states).not.toContain('lost');
    expect(peer.packets.some((packet) => packet.cmd === 'disconnect')).toBe(true);
  });

  test('tells a refusal and keeps asking seldom', async () => {
    const peer = await peerWith({ connack: 5 });
    const device = openDevice(optionsFor(peer));
    cleanups.push(() => device.close());
    expect(await nextState(device, 'refused')).toMatchObject({ returnCode: 5, retryInMs: 15_000 });
  });

  test('closes at once while a connection is being made', async () => {
    const peer = await peerWith({ connack: 'silent' });
    const device = openDevice(optionsFor(peer));
    await peer.connection(0);
    const before = performance.now();
    await device.close();
    expect(performance.now() - before).toBeLessThan(1_000);
  });
});
