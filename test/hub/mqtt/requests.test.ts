import { describe, expect, it } from 'vitest';
import type { IPublishPacket, Packet } from 'mqtt-packet';
import { HubError } from '../../../src/protocol/hub-errors.ts';
import { frontBench, type Peer } from '../../support/mqtt-front.ts';

const responses = '$iothub/twin/res/#';
const reported = '$iothub/twin/PATCH/properties/reported/';

function asPublish(packet: Packet | undefined): { topic: string; body: string } {
  const { topic, payload } = packet as IPublishPacket;
  return { topic, body: payload.toString() };
}

async function twinDevice(bench: ReturnType<typeof frontBench>, username?: string): Promise<Peer> {
  const peer = await bench.device('d1', username === undefined ? {} : { username });
  await peer.subscribe(responses);
  return peer;
}

describe('twin requests (device.md §2.6)', () => {
  it('when a device reads its twin, then it gets desired and reported at QoS 0, its $rid echoed', async () => {
    const bench = frontBench();
    bench.core.devices.get('d1')!.desired = { $version: 4, interval: 5 };
    const peer = await twinDevice(bench);
    peer.publish('$iothub/twin/GET/?$rid=a%20-1', ' ');
    const packet = await peer.next();
    expect(packet).toMatchObject({ qos: 0 });
    expect(asPublish(packet).topic).toBe('$iothub/twin/res/200/?$rid=a%20-1');
    expect(JSON.parse(asPublish(packet).body)).toEqual({ desired: { $version: 4, interval: 5 }, reported: {} });
  });

  it('when a device reports, then it gets 204 with the new version and no body', async () => {
    const bench = frontBench();
    const peer = await twinDevice(bench);
    peer.publish(`${reported}?$rid=7`, '{"fw":"1"}');
    expect(asPublish(await peer.next())).toEqual({ topic: '$iothub/twin/res/204/?$rid=7&$version=2', body: '' });
    expect(bench.core.devices.get('d1')?.reported).toMatchObject({ fw: '1' });
  });

  it('when a read follows a report, then it sees it, and answers come in order', async () => {
    const bench = frontBench();
    const peer = await twinDevice(bench);
    const pace = Promise.withResolvers<void>();
    bench.core.pace = pace.promise;
    peer.publish(`${reported}?$rid=1`, '{"fw":"1"}');
    peer.publish('$iothub/twin/GET/?$rid=2', '');
    pace.resolve();
    expect(asPublish(await peer.next()).topic).toContain('/204/?$rid=1&');
    expect(JSON.parse(asPublish(await peer.next()).body)).toMatchObject({ reported: { fw: '1' } });
  });

  it.each([
    ['is no JSON', 'nonsense'],
    ['is no object', '7'],
  ])('when the report %s, then the answer is 400 with the error as JSON', async (_, body) => {
    const bench = frontBench();
    const peer = await twinDevice(bench);
    peer.publish(`${reported}?$rid=7`, body);
    const answer = asPublish(await peer.next());
    expect(answer.topic).toBe('$iothub/twin/res/400/?$rid=7');
    expect(JSON.parse(answer.body)).toMatchObject({
      errorCode: 400004,
      message: expect.any(String),
      trackingId: expect.any(String),
      timestampUtc: expect.any(String),
    });
  });

  it('when the hub refuses, then the answer has its status', async () => {
    const bench = frontBench();
    const peer = await twinDevice(bench);
    bench.core.failure = new HubError('ThrottlingException', 'slow down');
    peer.publish('$iothub/twin/GET/?$rid=1', '');
    expect(asPublish(await peer.next()).topic).toBe('$iothub/twin/res/429/?$rid=1');
  });

  it('when the hub fails, then the answer is 500 without the reason, and the connection stays', async () => {
    const bench = frontBench();
    const peer = await twinDevice(bench);
    bench.core.failure = new Error('secret path /var/lib');
    peer.publish('$iothub/twin/GET/?$rid=1', '');
    const answer = asPublish(await peer.next());
    expect(answer.topic).toBe('$iothub/twin/res/500/?$rid=1');
    expect(answer.body).not.toContain('secret');
    await peer.roundTrip();
  });

  it('when the report has no $rid, then it is applied and not answered', async () => {
    const bench = frontBench();
    const peer = await twinDevice(bench);
    peer.publish(reported, '{"a":1}', { qos: 1, messageId: 4 });
    expect(await peer.next()).toMatchObject({ cmd: 'puback', messageId: 4 });
    expect(bench.core.devices.get('d1')?.reported).toMatchObject({ a: 1 });
  });

  it('when the device did not subscribe to responses, then the report is applied and not answered', async () => {
    const bench = frontBench();
    const peer = await bench.device();
    peer.publish(`${reported}?$rid=7`, '{"a":1}', { qos: 1, messageId: 1 });
    expect(await peer.next()).toMatchObject({ cmd: 'puback' });
    await peer.roundTrip();
    expect(bench.core.devices.get('d1')?.reported).toMatchObject({ a: 1 });
  });

  it('when the user name named no API version, then twin requests answer 400 (device.md §1.4)', async () => {
    const bench = frontBench();
    const peer = await twinDevice(bench, 'hub.local/d1');
    peer.publish('$iothub/twin/GET/?$rid=1', '');
    expect(asPublish(await peer.next()).topic).toBe('$iothub/twin/res/400/?$rid=1');
  });

  it('when subscription and request come back to back, then the answer comes', async () => {
    const bench = frontBench();
    const peer = await bench.device('d1', { clean: false });
    peer.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: responses, qos: 0 }] });
    peer.publish('$iothub/twin/GET/?$rid=1', '');
    expect(await peer.next()).toMatchObject({ cmd: 'suback' });
    expect(asPublish(await peer.next()).topic).toContain('/200/?$rid=1');
  });

  it('when a device asks faster than the hub answers, then only so many requests are taken at once, and none is lost', async () => {
    const bench = frontBench({ pendingRequests: 3 });
    const peer = await twinDevice(bench);
    const pace = Promise.withResolvers<void>();
    bench.core.pace = pace.promise;
    for (let index = 0; index < 20; index++)
      peer.publish(`${reported}?$rid=${index}`, `{"n":${index}}`, { qos: 1, messageId: index + 1 });
    await new Promise((resolve) => setImmediate(resolve));
    expect(peer.packets.filter((packet) => packet.cmd === 'puback')).toEqual([]);
    pace.resolve();
    while (peer.packets.filter((packet) => packet.cmd === 'publish').length < 20) await peer.next();
    const rids = peer.packets
      .filter((packet) => packet.cmd === 'publish')
      .map((packet) => /rid=(\d+)/.exec(packet.topic)?.[1]);
    expect(rids).toEqual(Array.from({ length: 20 }, (_, index) => String(index)));
  });
});

describe('desired updates (device.md §2.6)', () => {
  it('when the device listens, then it gets the patch with its version', async () => {
    const { device, core } = frontBench();
    const peer = await device();
    await peer.subscribe('$iothub/twin/PATCH/properties/desired/#');
    core.sessions.find('d1')?.sendDesired({ interval: null, $version: 3 }, 3);
    expect(asPublish(await peer.next())).toEqual({
      topic: '$iothub/twin/PATCH/properties/desired/?$version=3',
      body: '{"interval":null,"$version":3}',
    });
  });

  it('when the device does not listen, then nothing is sent', async () => {
    const { device, core } = frontBench();
    const peer = await device();
    core.sessions.find('d1')?.sendDesired({ $version: 3 }, 3);
    await peer.roundTrip();
  });
});

describe('direct methods (device.md §2.7)', () => {
  it('when the device listens, then it gets the call, and its answer goes back', async () => {
    const { device, core } = frontBench();
    const peer = await device();
    expect(core.sessions.find('d1')?.methodReady).toBe(false);
    await peer.subscribe('$iothub/methods/POST/#');
    expect(core.sessions.find('d1')?.methodReady).toBe(true);
    core.sessions.find('d1')?.sendMethod({ requestId: 'af', methodName: 'reboot', payload: '{"in":5}' });
    const packet = await peer.next();
    expect(packet).toMatchObject({ qos: 0 });
    expect(asPublish(packet)).toEqual({ topic: '$iothub/methods/POST/reboot/?$rid=af', body: '{"in":5}' });
    peer.publish('$iothub/methods/res/200/?$rid=af', '{"ok":true}', { qos: 1, messageId: 5 });
    expect(await peer.next()).toMatchObject({ cmd: 'puback', messageId: 5 });
    expect(core.answers).toEqual([{ deviceId: 'd1', requestId: 'af', status: 200, payload: '{"ok":true}' }]);
  });

  it('when the status of an answer is no integer, then the core learns that and the connection stays', async () => {
    const { device, core } = frontBench();
    const peer = await device();
    peer.publish('$iothub/methods/res/fine/?$rid=1', '');
    await peer.roundTrip();
    expect(core.answers).toEqual([{ deviceId: 'd1', requestId: '1', status: undefined, payload: '' }]);
  });

  it('when the device listens for one method by name, then it gets no other', async () => {
    const { device, core } = frontBench();
    const peer = await device();
    await peer.subscribe('$iothub/methods/POST/reboot/#');
    const session = core.sessions.find('d1');
    expect(session?.methodReady).toBe(true);
    session?.sendMethod({ requestId: '1', methodName: 'other', payload: 'null' });
    session?.sendMethod({ requestId: '2', methodName: 'reboot', payload: 'null' });
    expect(asPublish(await peer.next()).topic).toBe('$iothub/methods/POST/reboot/?$rid=2');
  });
});
