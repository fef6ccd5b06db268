import { describe, expect, it } from 'vitest';
import { frontBench } from '../../support/mqtt-front.ts';

const will = { topic: 'devices/d1/messages/events/a=b', payload: Buffer.from('gone'), qos: 1 as const };
const methods = '$iothub/methods/POST/#';

describe('sessions (device.md §1.4)', () => {
  it('when clean session is 0, then subscriptions survive and SessionPresent says so', async () => {
    const { device, core } = frontBench();
    const first = await device('d1', { clean: false });
    expect(first.connack).toMatchObject({ sessionPresent: false });
    expect(await first.subscribe(methods)).toMatchObject({ cmd: 'suback', granted: [0] });
    first.send({ cmd: 'disconnect' });
    await first.closed;
    const second = await device('d1', { clean: false });
    expect(second.connack).toMatchObject({ sessionPresent: true });
    expect(core.sessions.find('d1')?.methodReady).toBe(true);
    core.sessions.find('d1')?.sendMethod({ requestId: '1', methodName: 'reboot', payload: 'null' });
    expect(await second.next()).toMatchObject({ cmd: 'publish', topic: '$iothub/methods/POST/reboot/?$rid=1' });
  });

  it('when clean session 0 held no subscription, then the session is present all the same', async () => {
    const { device } = frontBench();
    const first = await device('d1', { clean: false });
    await first.roundTrip();
    expect((await device('d1', { clean: false })).connack).toMatchObject({ sessionPresent: true });
  });

  it('when clean session is 1, then the stored subscriptions are gone for good', async () => {
    const { device, core } = frontBench();
    core.sessions.stored.set('d1', [{ filter: methods, qos: 1 }]);
    const peer = await device('d1', { clean: true });
    expect(peer.connack).toMatchObject({ sessionPresent: false });
    expect(core.sessions.find('d1')?.methodReady).toBe(false);
    await peer.subscribe(methods);
    expect(core.sessions.stored.has('d1')).toBe(false);
  });

  it('when a device unsubscribes, then its stored session forgets the filter and methods stop', async () => {
    const { device, core } = frontBench();
    const peer = await device('d1', { clean: false });
    await peer.subscribe(methods, '$iothub/twin/res/#');
    peer.send({ cmd: 'unsubscribe', messageId: 9, unsubscriptions: [methods, 'never/subscribed'] });
    expect(await peer.next()).toMatchObject({ cmd: 'unsuback', messageId: 9 });
    expect(core.sessions.stored.get('d1')).toEqual([{ filter: '$iothub/twin/res/#', qos: 0 }]);
    expect(core.sessions.find('d1')?.methodReady).toBe(false);
  });

  it('when a device subscribes at QoS 2, then QoS 1 is granted', async () => {
    const { device } = frontBench();
    const peer = await device();
    peer.send({
      cmd: 'subscribe',
      messageId: 3,
      subscriptions: [
        { topic: 'devices/d1/messages/devicebound/#', qos: 2 },
        { topic: '$iothub/twin/res/#', qos: 0 },
      ],
    });
    expect(await peer.next()).toMatchObject({ cmd: 'suback', messageId: 3, granted: [1, 0] });
  });

  it.each([
    '#',
    '+/#',
    'devices/d2/messages/devicebound/#',
    '$iothub/twin/GET/#',
    'devices/d1/messages/events/#',
    '$SYS/#',
  ])(
    'when a device subscribes to %s, then the connection is closed without a SUBACK (device.md §2.2)',
    async (filter) => {
      const { device, core } = frontBench();
      const peer = await device('d1', { clean: false });
      expect(await peer.subscribe(filter)).toBeUndefined();
      expect(core.sessions.stored.get('d1')).toEqual([]);
    },
  );

  it('when a device subscribes to more than the limit, then the connection is closed', async () => {
    const { device } = frontBench({ subscriptions: 2 });
    const peer = await device();
    expect(await peer.subscribe(methods, '$iothub/methods/POST/a/#', '$iothub/methods/POST/b/#')).toBeUndefined();
  });

  it('when the subscription cannot be stored, then there is no SUBACK but the end', async () => {
    const { device, core } = frontBench();
    const peer = await device('d1', { clean: false });
    core.sessions.writeSubscriptions = () => Promise.reject(new Error('disk full'));
    expect(await peer.subscribe(methods)).toBeUndefined();
  });
});

describe('takeover', () => {
  it('when the device connects again, then the newest wins and the old one is closed without a packet', async () => {
    const { device, core } = frontBench();
    const old = await device('d1', { will });
    const newer = await device('d1');
    expect(await old.next()).toBeUndefined();
    await newer.roundTrip();
    expect(core.sessions.size).toBe(1);
    expect(core.telemetry.messages).toMatchObject([{ body: 'gone' }]);
  });

  it('when another device connects, then the first one stays', async () => {
    const { device } = frontBench();
    const first = await device('d1');
    await device('d2');
    await first.roundTrip();
  });
});

describe('the will (device.md §1.4)', () => {
  it('when the connection breaks, then the will is telemetry with its message type', async () => {
    const { device, core } = frontBench();
    const peer = await device('d1', { will });
    peer.stream.destroy();
    await peer.closed;
    expect(core.telemetry.messages).toMatchObject([
      { sender: { deviceId: 'd1' }, bag: 'iothub-MessageType=Will&a=b', body: 'gone' },
    ]);
  });

  it('when the device says DISCONNECT, then there is no will', async () => {
    const { device, core } = frontBench();
    const peer = await device('d1', { will });
    peer.send({ cmd: 'disconnect' });
    await peer.closed;
    expect(core.telemetry.messages).toEqual([]);
  });

  it.each(['disabled', 'deleted', 'key-changed'] as const)(
    'when its session ends because it was %s, then the will is not its word any more',
    async (reason) => {
      const { device, core } = frontBench();
      const peer = await device('d1', { will });
      core.sessions.find('d1')?.close(reason);
      await peer.closed;
      expect(core.telemetry.messages).toEqual([]);
    },
  );

  it('when the device leaves right behind its DISCONNECT, then there is no will either', async () => {
    const { device, core } = frontBench();
    const peer = await device('d1', { will });
    core.telemetry.full = true;
    peer.publish('devices/d1/messages/events/', 'one');
    peer.publish('devices/d1/messages/events/', 'two');
    peer.send({ cmd: 'disconnect' });
    peer.stream.end();
    await new Promise((resolve) => setImmediate(resolve));
    core.telemetry.drain();
    await peer.closed;
    expect(core.telemetry.messages.map((message) => message.body)).toEqual(['one', 'two']);
  });

  it('when the will is to be retained, then it says so', async () => {
    const { device, core } = frontBench();
    const peer = await device('d1', { will: { ...will, retain: true } });
    peer.stream.destroy();
    await peer.closed;
    expect(core.telemetry.messages[0]?.bag).toBe('iothub-MessageType=Will&mqtt-retain=true&a=b');
  });

  it.each(['disabled', 'deleted', 'shutdown'] as const)(
    'when the session ends because %s, then the device has not failed: no will',
    async (reason) => {
      const { device, core } = frontBench();
      const peer = await device('d1', { will });
      core.endSession('d1', reason);
      await peer.closed;
      expect(core.telemetry.messages).toEqual([]);
    },
  );
});

describe('time', () => {
  it('when a device is silent for one and a half keep-alives, then it is closed and its will sent', async () => {
    const { device, clock, core } = frontBench();
    const peer = await device('d1', { keepalive: 10, will });
    await clock.advance(14_000);
    await peer.roundTrip();
    await clock.advance(14_900);
    expect(peer.isClosed).toBe(false);
    await clock.advance(200);
    await peer.closed;
    expect(core.telemetry.messages).toHaveLength(1);
  });

  it.each([0, 60_000])('when keep-alive is %i, then the cap of 1767 s counts', async (keepalive) => {
    const { device, clock } = frontBench();
    const peer = await device('d1', { keepalive });
    await clock.advance(1_766_000);
    expect(peer.isClosed).toBe(false);
    await clock.advance(2_000);
    await peer.closed;
  });

  it('when the token expires, then the connection is closed without a packet', async () => {
    const { device, clock, core } = frontBench();
    core.devices.get('d1')!.expiresAt = clock.now() + 30 * 86_400_000;
    const peer = await device('d1', { keepalive: 0 });
    for (let day = 0; day < 30 * 86_400_000 - 1_000_000; day += 1_000_000) {
      await clock.advance(1_000_000);
      await peer.roundTrip();
    }
    expect(peer.isClosed).toBe(false);
    await clock.advance(1_000_001);
    expect(await peer.next()).toBeUndefined();
  });

  it('when a device does something, then its last activity is noted', async () => {
    const { device, core } = frontBench();
    const peer = await device();
    await peer.roundTrip();
    expect([...core.sessions.touched]).toEqual(['d1']);
  });

  it('when a device is gone, then no timer of it is left', async () => {
    const { device, clock, core } = frontBench();
    const before = clock.pending;
    core.devices.get('d1')!.expiresAt = clock.now() + 1_000_000;
    const peer = await device('d1');
    peer.stream.destroy();
    await peer.closed;
    expect(clock.pending).toBe(before);
  });
});
