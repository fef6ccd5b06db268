import { describe, expect, it } from 'vitest';
import { connectSteps } from '../../../src/hub/mqtt/connect.ts';
import { connectPacket, frontBench } from '../../support/mqtt-front.ts';

const user = 'hub.local/d1';

describe('CONNECT (device.md §1.4)', () => {
  it('when it is accepted, then the steps were these, in this order', () => {
    expect(connectSteps.map((step) => step.name)).toEqual([
      'protocol',
      'packet',
      'registration',
      'client id',
      'user name',
      'will',
      'admission',
    ]);
  });

  it.each([
    ['Node SDK', `${user}/?api-version=2021-04-12&model-id=dtmi:a:b;1&DeviceClientType=node`],
    ['Python SDK', `${user}/?api-version=2019-10-01&DeviceClientType=py`],
    ['C SDK', `${user}/?api-version=2020-09-30&DeviceClientType=c&auth-chain=x`],
    ['legacy', `${user}/api-version=2016-11-14&DeviceClientType=old`],
    ['bare', user],
    ['bare with a slash', `${user}/`],
  ])('when the user name has the form of the %s, then the device is let in', async (_, username) => {
    const { device, core } = frontBench();
    const peer = await device('d1', { username });
    expect(peer.connack).toMatchObject({ cmd: 'connack', returnCode: 0, sessionPresent: false });
    expect(core.sessions.find('d1')?.sender.deviceId).toBe('d1');
  });

  it('when the user name names a model, then the sender carries it', async () => {
    const { device, core } = frontBench();
    await device('d1', { username: `${user}/?api-version=2021-04-12&model-id=dtmi%3Aa%3Bb%3B1` });
    expect(core.sessions.find('d1')?.sender.modelId).toBe('dtmi:a;b;1');
  });

  it.each([
    ['the token is wrong', 5, { password: Buffer.from('wrong') }],
    ['there is no token', 5, { password: undefined }],
    ['the device is unknown', 5, { clientId: 'nobody', username: 'hub.local/nobody/?api-version=2021-04-12' }],
    ['client id and user name differ', 5, { username: 'hub.local/d2/?api-version=2021-04-12' }],
    ['they differ in case', 5, { username: 'hub.local/D1/?api-version=2021-04-12' }],
    ['the user name is that of nothing', 5, { username: 'admin' }],
    ['there is no user name', 5, { username: undefined, password: undefined }],
    ['it is a module', 5, { clientId: 'd1/m1', username: 'hub.local/d1/m1/?api-version=2021-04-12' }],
    ['the client id is empty', 2, { clientId: '', clean: true }],
    ['the client id is no device id', 2, { clientId: 'a b' }],
    [
      'the will is for another device',
      5,
      { will: { topic: 'devices/d2/messages/events/', payload: Buffer.from('x'), qos: 0 as const } },
    ],
    [
      'the will has QoS 2',
      5,
      { will: { topic: 'devices/d1/messages/events/', payload: Buffer.from('x'), qos: 2 as const } },
    ],
  ])('when %s, then the answer is CONNACK %i and the end', async (_, returnCode, options) => {
    const { device, core } = frontBench();
    const peer = await device('d1', options as object);
    expect(peer.connack).toMatchObject({ cmd: 'connack', returnCode, sessionPresent: false });
    await peer.closed;
    expect(core.sessions.size).toBe(0);
  });

  it('when the device is disabled, then the answer is CONNACK 3, which SDKs try again', async () => {
    const { device, core } = frontBench();
    core.devices.get('d1')!.disabled = true;
    expect((await device()).connack).toMatchObject({ returnCode: 3 });
  });

  it('when the hub cannot check the credentials, then the answer is CONNACK 3 and the hub lives on', async () => {
    const { device, core } = frontBench();
    core.failure = new Error('the store is gone');
    expect((await device()).connack).toMatchObject({ returnCode: 3 });
    core.failure = undefined;
    expect((await device()).connack).toMatchObject({ returnCode: 0 });
  });

  it.each([['MQTT 3.1', connectPacket('d1', { protocolVersion: 3, protocolId: 'MQIsdp' })]])(
    'when the peer speaks %s, then the answer is CONNACK 1 and the end (MQTT-3.1.2-2)',
    async (_, packet) => {
      const { connect } = frontBench();
      const peer = connect();
      peer.send(packet);
      expect(await peer.next()).toMatchObject({ cmd: 'connack', returnCode: 1 });
      await peer.closed;
    },
  );

  it('when the peer speaks MQTT 5, then it is told so in MQTT 5, and the log says what to do', async () => {
    const { connect, logged } = frontBench();
    const peer = connect();
    const bytes: Buffer[] = [];
    peer.stream.on('data', (chunk: Buffer) => bytes.push(chunk));
    peer.send(connectPacket('d1', { protocolVersion: 5 }));
    await peer.closed;
    // CONNACK, 3 bytes, no session, 0x84 Unsupported Protocol Version, no properties (MQTT 5 §3.2).
    expect(Buffer.concat(bytes)).toEqual(Buffer.from([0x20, 3, 0, 0x84, 0]));
    expect(logged).toContainEqual(
      expect.objectContaining({ reason: expect.stringContaining('set the client to MQTT 3.1.1') as string }),
    );
  });

  it('when the peer speaks something else, then it is closed without a word (MQTT-3.1.2-1)', async () => {
    const { connect } = frontBench();
    const peer = connect();
    peer.write(Buffer.from([0x10, 8, 0, 4, ...Buffer.from('HTTP'), 4, 2]));
    expect(await peer.next()).toBeUndefined();
  });

  it('when the first packet is not CONNECT, then the connection is closed (MQTT-3.1.0-1)', async () => {
    const { connect, core } = frontBench();
    const peer = connect();
    peer.publish('devices/d1/messages/events/', 'x');
    expect(await peer.next()).toBeUndefined();
    expect(core.telemetry.messages).toEqual([]);
  });

  it('when a second CONNECT comes, then the connection is closed (MQTT-3.1.0-2)', async () => {
    const { device } = frontBench();
    const peer = await device();
    peer.send(connectPacket('d1'));
    expect(await peer.next()).toBeUndefined();
  });

  it('when packets follow CONNECT at once, then they are handled after the CONNACK', async () => {
    const { connect, core } = frontBench();
    const peer = connect();
    const pace = Promise.withResolvers<void>();
    core.pace = pace.promise;
    peer.send(connectPacket('d1'));
    peer.publish('devices/d1/messages/events/', 'early', { qos: 1, messageId: 1 });
    peer.send({ cmd: 'pingreq' });
    pace.resolve();
    for (let count = 0; count < 3; count++) await peer.next();
    expect(new Set(peer.packets.map((packet) => packet.cmd))).toEqual(new Set(['connack', 'puback', 'pingresp']));
    expect(peer.packets[0]?.cmd).toBe('connack');
  });

  it('when the peer leaves while its credentials are checked, then no session begins', async () => {
    const { connect, core, front } = frontBench();
    const pace = Promise.withResolvers<void>();
    core.pace = pace.promise;
    const peer = connect();
    peer.send(connectPacket('d1'));
    peer.stream.destroy();
    await peer.closed;
    pace.resolve();
    await front.close();
    expect(core.sessions.size).toBe(0);
  });
});

describe('before CONNECT', () => {
  it('when no CONNECT comes in time, then the connection is closed, also when single bytes come', async () => {
    const { connect, clock } = frontBench();
    const [silent, slow] = [connect(), connect()];
    for (const byte of [0x10, 0x40, 0, 4]) {
      slow.write(Buffer.from([byte]));
      await clock.advance(1_900);
    }
    expect([silent.isClosed, slow.isClosed]).toEqual([false, false]);
    await clock.advance(500);
    await Promise.all([silent.closed, slow.closed]);
  });

  it('when a packet announces more than 16 KB, then the connection is closed before it is sent', async () => {
    const { connect } = frontBench();
    const peer = connect();
    peer.write(Buffer.from([0x10, 0x80, 0x80, 0x80, 0x01]));
    expect(await peer.next()).toBeUndefined();
  });

  it('when the length field has five bytes, then the connection is closed', async () => {
    const { connect } = frontBench();
    const peer = connect();
    peer.write(Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0x7f]));
    expect(await peer.next()).toBeUndefined();
  });
});
