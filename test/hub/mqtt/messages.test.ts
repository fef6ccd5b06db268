import type { IPublishPacket, Packet } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import type { CloudToDeviceMessage } from '../../../src/hub/core/messages/service.ts';
import { frontBench, type FrontBench, type Peer } from '../../support/mqtt-front.ts';

const filter = 'devices/d1/messages/devicebound/#';

function text(body: string, more: Partial<CloudToDeviceMessage> = {}): CloudToDeviceMessage {
  return { ack: 'none', properties: {}, body: Buffer.from(body), ...more };
}

/** Subscribes and takes the SUBACK. */
async function listen(peer: Peer, qos: 0 | 1 | 2 = 1, topic = filter): Promise<Packet | undefined> {
  peer.send({ cmd: 'subscribe', messageId: 77, subscriptions: [{ topic, qos }] });
  return peer.next();
}

async function nextMessage(peer: Peer): Promise<IPublishPacket> {
  const packet = await peer.next();
  if (packet?.cmd !== 'publish') throw new Error(`expected a message, got ${packet?.cmd ?? 'the end'}`);
  return packet;
}

function acknowledge(peer: Peer, packet: IPublishPacket): void {
  peer.send({ cmd: 'puback', messageId: packet.messageId ?? 0 });
}

/** Lets what was begun come to its end; a hub that goes on afterwards is not waited for. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function queued({ core }: FrontBench): Promise<string[]> {
  await settle();
  return (await core.messages.peek('d1', 50)).map(({ body }) => Buffer.from(body).toString());
}

describe('messages to a device (device.md §2.5)', () => {
  it('when a message is sent, then its topic holds everything in the form that SDKs can read', async () => {
    const { core, device, clock } = frontBench();
    const peer = await device();
    await listen(peer);
    await core.messages.send(
      'd1',
      text('hello', {
        messageId: 'm#1',
        correlationId: 'c 1',
        userId: 'u+1',
        expiresAt: clock.now() + 60_000,
        contentType: 'application/json',
        contentEncoding: 'utf-8',
        ack: 'full',
        properties: { 'a key': '50% & more', other: '' },
      }),
    );
    const packet = await nextMessage(peer);
    expect(packet).toMatchObject({ qos: 1, dup: false, retain: false, payload: Buffer.from('hello') });
    expect(packet.topic).toBe(
      'devices/d1/messages/devicebound/%24.mid=m%231&%24.cid=c%201&%24.uid=u%2B1' +
        '&%24.to=%2Fdevices%2Fd1%2Fmessages%2Fdevicebound&%24.exp=2026-01-01T00%3A01%3A00.0000000Z' +
        '&%24.ct=application%2Fjson&%24.ce=utf-8&iothub-ack=full&a%20key=50%25%20%26%20more&other=',
    );
  });

  it('when a message says nothing but its body, then the bag names its addressee and its end all the same', async () => {
    const { core, device } = frontBench();
    const peer = await device();
    await listen(peer);
    await core.messages.send('d1', text(''));
    expect((await nextMessage(peer)).topic).toBe(
      'devices/d1/messages/devicebound/%24.to=%2Fdevices%2Fd1%2Fmessages%2Fdevicebound&%24.exp=2026-01-01T01%3A00%3A00.0000000Z',
    );
  });

  it('when the device acknowledges, then the message is completed', async () => {
    const bench = frontBench();
    const peer = await bench.device();
    await listen(peer);
    await bench.core.messages.send('d1', text('one'));
    const packet = await nextMessage(peer);
    expect(await queued(bench)).toEqual(['one']);
    acknowledge(peer, packet);
    await peer.roundTrip();
    expect(await queued(bench)).toEqual([]);
  });

  it('when messages were queued before the device subscribed, then they follow the SUBACK in order', async () => {
    const { core, device } = frontBench();
    for (const body of ['one', 'two', 'three']) await core.messages.send('d1', text(body));
    const peer = await device();
    expect(await listen(peer)).toMatchObject({ cmd: 'suback', granted: [1] });
    for (const body of ['one', 'two', 'three']) expect((await nextMessage(peer)).payload.toString()).toBe(body);
  });

  it('when the subscription has QoS 0, then a message is completed as it is sent', async () => {
    const bench = frontBench();
    const peer = await bench.device();
    await listen(peer, 0);
    await bench.core.messages.send('d1', text('one'));
    expect(await nextMessage(peer)).toMatchObject({ qos: 0, dup: false });
    expect(await queued(bench)).toEqual([]);
  });

  it('when the device asks for QoS 2, then it gets QoS 1', async () => {
    const { core, device } = frontBench();
    const peer = await device();
    expect(await listen(peer, 2)).toMatchObject({ granted: [1] });
    await core.messages.send('d1', text('one'));
    expect(await nextMessage(peer)).toMatchObject({ qos: 1 });
  });

  it('when the device does not acknowledge, then no more than the window is on its way', async () => {
    const bench = frontBench({ messagesInFlight: 2 });
    const peer = await bench.device();
    await listen(peer);
    for (const body of ['one', 'two', 'three']) await bench.core.messages.send('d1', text(body));
    const first = await nextMessage(peer);
    await nextMessage(peer);
    await settle();
    await peer.roundTrip();
    acknowledge(peer, first);
    expect((await nextMessage(peer)).payload.toString()).toBe('three');
  });

  it.each([
    ['a later one first', (first: IPublishPacket, second: IPublishPacket) => [second, first]],
    ['one it was never sent', (first: IPublishPacket) => [{ ...first, messageId: 999 }]],
    ['one twice', (first: IPublishPacket) => [first, first]],
  ])('when the device acknowledges %s, then the connection is closed (§2.2)', async (_what, choose) => {
    const { core, device } = frontBench();
    const peer = await device();
    await listen(peer);
    await core.messages.send('d1', text('one'));
    await core.messages.send('d1', text('two'));
    const first = await nextMessage(peer);
    const second = await nextMessage(peer);
    for (const packet of choose(first, second)) acknowledge(peer, packet);
    await peer.closed;
  });

  it.each([[[0x40, 0]], [[0x40, 3, 0, 1, 0]], [[0x42, 2, 0, 1]], [[0x40, 2, 0, 0]]])(
    'when a PUBACK is malformed (%j), then the connection is closed',
    async (bytes) => {
      const { core, device } = frontBench();
      const peer = await device();
      await listen(peer);
      await core.messages.send('d1', text('one'));
      await nextMessage(peer);
      peer.write(Uint8Array.from(bytes));
      await peer.closed;
    },
  );

  it('when the connection ends before the PUBACK, then the next one gets the messages again, marked and in order', async () => {
    const bench = frontBench();
    const { core, device } = bench;
    const peer = await device('d1', { clean: false });
    await listen(peer);
    for (const body of ['one', 'two', 'three']) await core.messages.send('d1', text(body));
    acknowledge(peer, await nextMessage(peer));
    await nextMessage(peer);
    peer.stream.destroy();
    await peer.closed;
    const again = await device('d1', { clean: false });
    expect(await nextMessage(again)).toMatchObject({ payload: Buffer.from('two'), dup: true, qos: 1 });
    expect(await nextMessage(again)).toMatchObject({ payload: Buffer.from('three'), dup: true });
    expect(await queued(bench)).toEqual(['two', 'three']);
  });

  it('when a message is sent again, then it has the same packet identifier, and another has another', async () => {
    const { core, device } = frontBench();
    const peer = await device('d1', { clean: false });
    await listen(peer);
    for (const body of ['one', 'two']) await core.messages.send('d1', text(body));
    const first = [(await nextMessage(peer)).messageId, (await nextMessage(peer)).messageId];
    peer.stream.destroy();
    const again = await device('d1', { clean: false });
    expect([(await nextMessage(again)).messageId, (await nextMessage(again)).messageId]).toEqual(first);
    expect(new Set(first).size).toBe(2);
  });

  it('when another connection takes over, then it gets what the old one did not acknowledge', async () => {
    const { core, device } = frontBench();
    const old = await device('d1', { clean: false });
    await listen(old);
    await core.messages.send('d1', text('one'));
    await core.messages.send('d1', text('two'));
    await nextMessage(old);
    const newer = await device('d1', { clean: false });
    expect(newer.connack).toMatchObject({ sessionPresent: true });
    expect((await nextMessage(newer)).payload.toString()).toBe('one');
    expect((await nextMessage(newer)).payload.toString()).toBe('two');
  });

  it('when the stored session was subscribed with QoS 0, then so is the next one', async () => {
    const { core, device } = frontBench();
    const first = await device('d1', { clean: false });
    await listen(first, 0);
    first.send({ cmd: 'disconnect' });
    await first.closed;
    await core.messages.send('d1', text('one'));
    const second = await device('d1', { clean: false });
    expect(await nextMessage(second)).toMatchObject({ qos: 0 });
  });

  it('when a filter is subscribed again with another QoS, then that one counts', async () => {
    const { core, device } = frontBench();
    const peer = await device('d1', { clean: false });
    await listen(peer, 0);
    await listen(peer, 1);
    await core.messages.send('d1', text('one'));
    expect(await nextMessage(peer)).toMatchObject({ qos: 1 });
    expect(core.sessions.stored.get('d1')).toEqual([{ filter, qos: 1 }]);
  });

  it('when the device unsubscribes, then messages stay in the queue and those on their way can be acknowledged', async () => {
    const bench = frontBench();
    const peer = await bench.device();
    await listen(peer);
    await bench.core.messages.send('d1', text('one'));
    const packet = await nextMessage(peer);
    peer.send({ cmd: 'unsubscribe', messageId: 9, unsubscriptions: [filter] });
    expect(await peer.next()).toMatchObject({ cmd: 'unsuback' });
    await bench.core.messages.send('d1', text('two'));
    acknowledge(peer, packet);
    await peer.roundTrip();
    expect(await queued(bench)).toEqual(['two']);
  });

  it('when a message expires on its way, then its PUBACK does no harm', async () => {
    const bench = frontBench();
    const peer = await bench.device();
    await listen(peer);
    await bench.core.messages.send('d1', text('one', { expiresAt: bench.clock.now() + 1_000 }));
    const packet = await nextMessage(peer);
    await bench.clock.advance(1_000);
    acknowledge(peer, packet);
    await peer.roundTrip();
    expect(await bench.core.messages.deadLetters('d1', 9)).toMatchObject([{ reason: 'Expired' }]);
  });

  it('when a PUBACK cannot be stored, then the connection ends and the message comes again', async () => {
    const { core, device } = frontBench();
    const peer = await device('d1', { clean: false });
    await listen(peer);
    await core.messages.send('d1', text('one'));
    const packet = await nextMessage(peer);
    core.documents.error = new Error('disk full');
    acknowledge(peer, packet);
    await peer.closed;
    await settle();
    core.documents.error = undefined;
    const again = await device('d1', { clean: false });
    expect((await nextMessage(again)).payload.toString()).toBe('one');
  });

  it('when a message has more properties than a topic can carry, then it is a dead letter and the next one comes', async () => {
    const { core, device } = frontBench();
    const peer = await device();
    await listen(peer);
    await core.messages.send('d1', text('big', { properties: { a: ' '.repeat(40_000) } }));
    await core.messages.send('d1', text('small'));
    expect((await nextMessage(peer)).payload.toString()).toBe('small');
    expect(await core.messages.deadLetters('d1', 9)).toMatchObject([{ reason: 'Rejected' }]);
  });

  it('when the device does not read, then what waits stays in the queue instead of in memory', async () => {
    const { core, device } = frontBench({ messagesInFlight: 50 });
    const peer = await device();
    await listen(peer);
    peer.stream.pause();
    for (let index = 0; index < 50; index++) await core.messages.send('d1', text('x'.repeat(60_000)));
    await settle();
    expect(peer.isClosed).toBe(false);
    peer.stream.resume();
    for (let index = 0; index < 50; index++) acknowledge(peer, await nextMessage(peer));
  });
});

describe('modules (device.md §2.1)', () => {
  const options = { username: 'hub.local/d1/m1/?api-version=2021-04-12' };

  it('when a module subscribes to its inputs, then that is granted and nothing comes', async () => {
    const { core, device } = frontBench();
    core.devices.set('d1/m1', { token: 'token', reported: {}, desired: {} });
    const peer = await device('d1/m1', options);
    expect(await listen(peer, 0, 'devices/d1/modules/m1/inputs/#')).toMatchObject({ cmd: 'suback', granted: [0] });
    expect(await listen(peer, 1, 'devices/d1/modules/m1/#')).toMatchObject({ cmd: 'suback', granted: [1] });
    await core.messages.send('d1/m1', text('one'));
    await settle();
    await peer.roundTrip();
  });

  it('when a module listens for messages, then it gets its own', async () => {
    const { core, device } = frontBench();
    core.devices.set('d1/m1', { token: 'token', reported: {}, desired: {} });
    const peer = await device('d1/m1', options);
    await listen(peer, 1, 'devices/d1/modules/m1/messages/devicebound/#');
    await core.messages.send('d1', text('of the device'));
    await core.messages.send('d1/m1', text('of the module'));
    const packet = await nextMessage(peer);
    expect(packet.payload.toString()).toBe('of the module');
    expect(packet.topic).toMatch(/^devices\/d1\/modules\/m1\/messages\/devicebound\/%24\.to=/);
  });

  it('when a module sends to an output, then the output is part of its telemetry', async () => {
    const { core, device } = frontBench();
    core.devices.set('d1/m1', { token: 'token', reported: {}, desired: {} });
    const peer = await device('d1/m1', options);
    peer.publish('devices/d1/modules/m1/messages/events/%24.on=out1&a=b/', 'x');
    await peer.roundTrip();
    expect(core.telemetry.messages).toMatchObject([
      { sender: { deviceId: 'd1', moduleId: 'm1' }, bag: '%24.on=out1&a=b', body: 'x' },
    ]);
  });

  it.each(['devices/d1/modules/m2/inputs/#', 'devices/d1/messages/devicebound/#', 'devices/d1/#'])(
    'when a module subscribes to %s, then the connection is closed',
    async (topic) => {
      const { core, device } = frontBench();
      core.devices.set('d1/m1', { token: 'token', reported: {}, desired: {} });
      expect(await listen(await device('d1/m1', options), 1, topic)).toBeUndefined();
    },
  );

  it('when a device subscribes to inputs, then the connection is closed', async () => {
    const { device } = frontBench();
    expect(await listen(await device(), 1, 'devices/d1/inputs/#')).toBeUndefined();
  });
});
