import mqttPacket from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { connectPacket, frontBench, type Peer } from '../../support/mqtt-front.ts';

const events = 'devices/d1/messages/events/';

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

function publishMany(peer: Peer, count: number, bytes = 10): void {
  for (let index = 0; index < count; index++)
    peer.publish(events, `${index} ${'x'.repeat(bytes)}`, { qos: 1, messageId: index + 1 });
}

describe('a full log', () => {
  it('when the log is full, then no device is read until it has drained, and nothing is lost', async () => {
    const { device, core } = frontBench();
    const [first, second] = [await device('d1'), await device('d2')];
    core.telemetry.full = true;
    publishMany(first, 50);
    second.publish('devices/d2/messages/events/', 'from d2');
    await turn();
    expect(core.telemetry.messages).toHaveLength(1);
    core.telemetry.drain();
    await turn();
    await second.roundTrip();
    expect(core.telemetry.messages).toHaveLength(51);
    for (let messageId = 1; messageId <= 50; messageId++)
      expect(await first.next()).toMatchObject({ cmd: 'puback', messageId });
  });

  it('when the hub does not read, then silence is not held against the device', async () => {
    const { device, core, clock } = frontBench();
    const peer = await device('d1', { keepalive: 10 });
    core.telemetry.full = true;
    publishMany(peer, 2);
    await clock.advance(60_000);
    expect(peer.isClosed).toBe(false);
    core.telemetry.drain();
    await clock.advance(16_000);
    await peer.closed;
  });

  it('when the log is full, then a peer before its CONNECT is not read either, and let in later', async () => {
    const { device, connect, core } = frontBench();
    const peer = await device('d1');
    core.telemetry.full = true;
    publishMany(peer, 1);
    await turn();
    const newcomer = connect();
    newcomer.send(connectPacket('d2'));
    for (let index = 0; index < 100; index++) newcomer.write(Buffer.alloc(10_000));
    await turn();
    expect(newcomer.stream.writableNeedDrain).toBe(true);
    core.telemetry.drain();
    expect(await newcomer.next()).toMatchObject({ cmd: 'connack', returnCode: 0 });
  });

  it('when a device leaves while the log is full, then the others go on when it has drained', async () => {
    const { device, core } = frontBench();
    const [first, second] = [await device('d1'), await device('d2')];
    core.telemetry.full = true;
    publishMany(first, 5);
    await turn();
    second.publish('devices/d2/messages/events/', 'x');
    first.stream.destroy();
    await turn();
    core.telemetry.drain();
    await second.roundTrip();
  });
});

describe('a device that does not read', () => {
  it('when what is sent to it stays unread, then it is cut off after the stall time', async () => {
    const { device, core, clock } = frontBench({ writeStallMs: 5_000 });
    const peer = await device();
    await peer.subscribe('$iothub/methods/POST/#');
    peer.stream.pause();
    const session = core.sessions.find('d1');
    for (let index = 0; index < 40; index++)
      session?.sendMethod({ requestId: String(index), methodName: 'm', payload: 'x'.repeat(2_000) });
    await clock.advance(4_900);
    expect(core.sessions.size).toBe(1);
    await clock.advance(200);
    expect(core.sessions.size).toBe(0);
  });

  it('when more waits for it than the limit, then it is cut off at once', async () => {
    const { device, core } = frontBench({ outboundBytes: 100_000 });
    const peer = await device();
    await peer.subscribe('$iothub/methods/POST/#');
    peer.stream.pause();
    const session = core.sessions.find('d1');
    for (let index = 0; index < 200; index++)
      session?.sendMethod({ requestId: String(index), methodName: 'm', payload: 'x'.repeat(2_000) });
    expect(core.sessions.size).toBe(0);
  });

  it('when it sends without reading its PUBACKs, then it is not read any further', async () => {
    const { device, core } = frontBench({ messagesPerSecond: 1_000_000 });
    const peer = await device();
    peer.stream.pause();
    for (let batch = 0; batch < 400; batch++) {
      publishMany(peer, 100, 1);
      await turn();
    }
    const taken = core.telemetry.messages.length;
    expect(taken).toBeLessThan(40_000);
    peer.stream.resume();
    while (peer.packets.filter((packet) => packet.cmd === 'puback').length < 40_000) await turn();
    expect(core.telemetry.messages).toHaveLength(40_000);
  });

  it('when one device does not read, then the others are served', async () => {
    const { device } = frontBench();
    const frozen = await device('d1');
    frozen.stream.pause();
    publishMany(frozen, 20_000, 1);
    const other = await device('d2');
    for (let index = 0; index < 20; index++) await other.roundTrip();
  });
});

describe('shutdown', () => {
  it('when the front closes, then what is on its way to disk is acknowledged first', async () => {
    const { device, core, front } = frontBench();
    core.telemetry.holding = true;
    const peer = await device();
    publishMany(peer, 3);
    await peer.roundTrip();
    const closed = front.close();
    await turn();
    expect(peer.isClosed).toBe(false);
    core.telemetry.release();
    for (const messageId of [1, 2, 3]) expect(await peer.next()).toMatchObject({ cmd: 'puback', messageId });
    peer.stream.end();
    await closed;
    expect(front.size).toBe(0);
  });

  it('when the disk does not answer, then the front closes all the same', async () => {
    const { device, core, front, clock } = frontBench({ shutdownMs: 2_000 });
    core.telemetry.holding = true;
    const peer = await device();
    publishMany(peer, 1);
    await peer.roundTrip();
    const closed = front.close();
    await clock.advance(2_100);
    await closed;
  });

  it('when the front is closed, then a new peer is turned away', async () => {
    const { connect, front } = frontBench();
    await front.close();
    const peer = connect();
    await peer.closed;
    expect(front.size).toBe(0);
  });
});

describe('a packet that does not end', () => {
  it('when it comes byte by byte, then the device is cut after a while, whatever its keep-alive; one that ends is not', async () => {
    const { device, clock } = frontBench({ packetMs: 10_000 });
    const [slow, other] = [await device('d1', { keepalive: 0 }), await device('d2', { keepalive: 0 })];
    const publish = mqttPacket.generate({
      cmd: 'publish',
      topic: '$iothub/twin/GET/?$rid=1',
      payload: 'x'.repeat(40),
      qos: 0,
      dup: false,
      retain: false,
    });
    for (let second = 0; second < 9; second++) {
      for (const peer of [slow, other]) peer.write(publish.subarray(second, second + 1));
      await clock.advance(1_000);
    }
    other.write(publish.subarray(9));
    await clock.advance(1_500);
    await slow.closed;
    await clock.advance(60_000);
    await other.roundTrip();
  });
});
