import { describe, expect, it } from 'vitest';
import { frontBench } from '../../support/mqtt-front.ts';

const events = 'devices/d1/messages/events/';

describe('telemetry (device.md §2.3, §2.4)', () => {
  it('when a device publishes at QoS 1, then the PUBACK comes after the message is stored, not before', async () => {
    const { core, device, clock } = frontBench();
    core.telemetry.holding = true;
    const peer = await device();
    peer.publish(`${events}%24.ct=text&a=b`, 'hello', { qos: 1, messageId: 7 });
    await peer.roundTrip();
    expect(core.telemetry.messages).toMatchObject([
      { bag: '%24.ct=text&a=b', body: 'hello', enqueuedTime: clock.now(), sender: { deviceId: 'd1' } },
    ]);
    core.telemetry.release();
    expect(await peer.next()).toMatchObject({ cmd: 'puback', messageId: 7 });
  });

  it('when a device asks for a fault again and again, then one waits, and none after its connection', async () => {
    const { device, clock } = frontBench();
    const peer = await device();
    const before = clock.pending;
    for (let asked = 0; asked < 20; asked++)
      peer.publish(`${events}AzIoTHub_FaultOperationType=KillTcp&AzIoTHub_FaultOperationDelayInSecs=3000`, 'x');
    await peer.roundTrip();
    expect(clock.pending).toBe(before + 1);
    peer.stream.destroy();
    await expect.poll(() => clock.pending).toBeLessThanOrEqual(before);
  });

  it('when a device publishes at QoS 0, then the message is stored and nothing answered', async () => {
    const { core, device } = frontBench();
    const peer = await device();
    peer.publish(events, '');
    await peer.roundTrip();
    expect(core.telemetry.messages).toMatchObject([{ bag: '', body: '' }]);
  });

  it.each([
    ['devices/d1/messages/events', ''],
    ['devices/d1/messages/events/', ''],
    ['devices/d1/messages/events/a=b/', 'a=b'],
    ['devices/d1/messages/events/%24.mid=1&broken=%zz&=&lonely', '%24.mid=1&broken=%zz&=&lonely'],
  ])('when the topic is %s, then the bag is %j, whatever it holds', async (topic, bag) => {
    const { core, device } = frontBench();
    const peer = await device();
    peer.publish(topic, 'x');
    await peer.roundTrip();
    expect(core.telemetry.messages).toMatchObject([{ bag }]);
  });

  it('when RETAIN or DUP is set, then application properties say so', async () => {
    const { core, device } = frontBench();
    const peer = await device();
    peer.publish(`${events}a=b`, 'x', { retain: true });
    peer.publish(`${events}a=b`, 'x', { qos: 1, messageId: 1, dup: true });
    peer.publish(events, 'x', { qos: 1, messageId: 2, dup: true, retain: true });
    await peer.next();
    expect(core.telemetry.messages.map((message) => message.bag)).toEqual([
      'mqtt-retain=true&a=b',
      'mqtt-dup=true&a=b',
      'mqtt-dup=true&mqtt-retain=true',
    ]);
  });

  it('when one commit stores many messages, then their PUBACKs come in publish order, twin and method publishes among them', async () => {
    const { core, device } = frontBench();
    core.telemetry.holding = true;
    const peer = await device();
    const pace = Promise.withResolvers<void>();
    core.pace = pace.promise;
    peer.publish(events, 'a', { qos: 1, messageId: 10 });
    peer.publish('$iothub/twin/PATCH/properties/reported/?$rid=1', '{"a":1}', { qos: 1, messageId: 11 });
    peer.publish(events, 'b', { qos: 1, messageId: 12 });
    peer.publish('$iothub/methods/res/200/?$rid=1', '{}', { qos: 1, messageId: 13 });
    peer.publish(events, 'c', { qos: 1, messageId: 14 });
    await peer.roundTrip();
    core.telemetry.release();
    expect(await peer.next()).toMatchObject({ cmd: 'puback', messageId: 10 });
    await peer.roundTrip();
    pace.resolve();
    for (const messageId of [11, 12, 13, 14]) expect(await peer.next()).toMatchObject({ cmd: 'puback', messageId });
  });

  it('when the message cannot be stored, then there is no PUBACK but the end (device.md §2.4)', async () => {
    const { core, device } = frontBench();
    core.telemetry.error = new Error('disk full');
    const peer = await device();
    peer.publish(events, 'x', { qos: 1, messageId: 1 });
    expect(await peer.next()).toBeUndefined();
  });
});

describe('what is refused (device.md §2.2)', () => {
  it.each([
    ['another device', 'devices/d2/messages/events/'],
    ['a device whose id begins alike', 'devices/d11/messages/events/'],
    ['a module', 'devices/d1/modules/m/messages/events/'],
    ['an unlisted topic', 'weather/today'],
    ['a longer events topic', 'devices/d1/messages/events/more/levels'],
    ['an unknown twin verb', '$iothub/twin/DELETE/?$rid=1'],
    ['a twin read without $rid', '$iothub/twin/GET/'],
    ['a twin read with a longer path', '$iothub/twin/GET/more/?$rid=1'],
    ['a topic with NUL (MQTT-1.5.3-2)', 'devices/d1/messages/events/a=\0'],
  ])('when a device publishes to %s, then the connection is closed', async (_, topic) => {
    const { core, device } = frontBench();
    const peer = await device();
    peer.publish(topic, 'x', { qos: 1, messageId: 1 });
    expect(await peer.next()).toBeUndefined();
    expect(core.telemetry.messages).toEqual([]);
    expect(core.sessions.size).toBe(0);
  });

  it('when a device publishes at QoS 2, then the connection is closed and nothing stored', async () => {
    const { core, device } = frontBench();
    const peer = await device();
    peer.publish(events, 'x', { qos: 2, messageId: 1 });
    expect(await peer.next()).toBeUndefined();
    expect(core.telemetry.messages).toEqual([]);
  });

  it('when a topic is no UTF-8, then the connection is closed (MQTT-1.5.3-1)', async () => {
    const { device } = frontBench();
    const peer = await device();
    const topic = Buffer.concat([Buffer.from(`${events}a=`), Buffer.from([0xff])]);
    peer.write(Buffer.concat([Buffer.from([0x30, topic.length + 2, 0, topic.length]), topic]));
    expect(await peer.next()).toBeUndefined();
  });

  it('when a packet identifier is 0, then the connection is closed (MQTT-2.3.1-1)', async () => {
    const { device } = frontBench();
    const peer = await device();
    peer.write(Buffer.concat([Buffer.from([0x32, 31, 0, 27]), Buffer.from(events), Buffer.from([0, 0])]));
    expect(await peer.next()).toBeUndefined();
  });

  it.each([
    ['PUBACK', [0x40, 2, 0, 1]],
    ['PUBREC', [0x50, 2, 0, 1]],
    ['PUBREL', [0x62, 2, 0, 1]],
    ['PUBCOMP', [0x70, 2, 0, 1]],
    ['CONNACK', [0x20, 2, 0, 0]],
    ['SUBACK', [0x90, 3, 0, 1, 0]],
    ['PINGRESP', [0xd0, 0]],
    ['packet type 0', [0x00, 0]],
    ['packet type 15', [0xf0, 0]],
    ['PINGREQ with flags', [0xc1, 0]],
    ['DISCONNECT with a body', [0xe0, 1, 0]],
    ['SUBSCRIBE without filters', [0x82, 2, 0, 1]],
    ['SUBSCRIBE with wrong flags', [0x80, 2, 0, 1]],
    ['SUBSCRIBE cut off', [0x82, 1, 0]],
    ['UNSUBSCRIBE without filters', [0xa2, 2, 0, 1]],
  ])('when a device sends %s, then the connection is closed', async (_, bytes) => {
    const { device } = frontBench();
    const peer = await device();
    peer.write(Buffer.from(bytes));
    expect(await peer.next()).toBeUndefined();
  });
});

describe('sizes', () => {
  it('when a message has 256 KB with its bag, then it is stored, cut into pieces or not', async () => {
    const { core, device } = frontBench();
    const peer = await device();
    peer.publish(`${events}a=b`, 'x'.repeat(256 * 1024 - 3), { qos: 1, messageId: 1 });
    expect(await peer.next()).toMatchObject({ cmd: 'puback' });
    expect(core.telemetry.messages[0]?.body).toHaveLength(256 * 1024 - 3);
  });

  it('when a message is one byte larger, then the connection is closed', async () => {
    const { core, device } = frontBench();
    const peer = await device();
    peer.publish(`${events}a=b`, 'x'.repeat(256 * 1024 - 2), { qos: 1, messageId: 1 });
    expect(await peer.next()).toBeUndefined();
    expect(core.telemetry.messages).toEqual([]);
  });

  it('when a packet announces more than any message can have, then the connection is closed at once', async () => {
    const { device } = frontBench();
    const peer = await device();
    peer.write(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]));
    expect(await peer.next()).toBeUndefined();
  });
});
