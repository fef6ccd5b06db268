import * as fc from 'fast-check';
import mqttPacket, { type Packet } from 'mqtt-packet';
import { expect, it } from 'vitest';
import { frontBench } from '../../support/mqtt-front.ts';

const events = 'devices/d1/messages/events/';
const messageBytes = 2_000;

/** Mostly packets that follow each other are alike: what has a short way through the front. */
const telemetry = fc.record({
  topic: fc.constantFrom(events, events, events, `${events}a=b`, `${events}a=c`, 'devices/d1/messages/events'),
  body: fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.integer({ min: 90, max: 130 }).map((bytes) => 'x'.repeat(bytes)),
    fc.integer({ min: 1_500, max: messageBytes - 3 }).map((bytes) => 'y'.repeat(bytes)),
  ),
  qos: fc.constantFrom(1 as const, 1 as const, 1 as const, 0 as const),
  dup: fc.boolean(),
  retain: fc.constantFrom(false, false, true),
  repeated: fc.integer({ min: 1, max: 12 }),
});
const request = fc.record({
  topic: fc.constantFrom('$iothub/twin/PATCH/properties/reported/?$rid=1', '$iothub/methods/res/200/?$rid=1'),
  qos: fc.constantFrom(0 as const, 1 as const),
});
const steps = fc.array(
  fc.oneof({ weight: 4, arbitrary: telemetry }, { weight: 1, arbitrary: request }, fc.constant('ping' as const)),
  {
    minLength: 1,
    maxLength: 20,
  },
);
/** What ends a connection, to stand behind the others. */
const ends = fc.constantFrom(
  undefined,
  undefined,
  Buffer.concat([Buffer.from([0x32, 31, 0, 27]), Buffer.from(events), Buffer.from([0, 0])]),
  publish(events, 'z'.repeat(messageBytes + 1), 1, 9),
  Buffer.concat([Buffer.from([0x34, 31, 0, 27]), Buffer.from(events), Buffer.from([0, 1])]),
  publish('devices/d2/messages/events/', 'x', 1, 9),
);
type Step = typeof steps extends fc.Arbitrary<readonly (infer One)[]> ? One : never;

function publish(
  topic: string,
  payload: string,
  qos: 0 | 1,
  messageId: number,
  flags = { dup: false, retain: false },
): Buffer {
  // MQTT-3.3.1-2
  const dup = qos === 1 && flags.dup;
  return mqttPacket.generate({ cmd: 'publish', topic, payload, qos, dup, retain: flags.retain, messageId });
}

function encode(all: readonly Step[]): Buffer[] {
  let messageId = 0;
  return all.flatMap((step) => {
    if (step === 'ping') return [mqttPacket.generate({ cmd: 'pingreq' })];
    if (!('body' in step)) return [publish(step.topic, '{}', step.qos, ++messageId)];
    return Array.from({ length: step.repeated }, (_, index) =>
      publish(step.topic, `${step.body}${index}`.slice(-messageBytes + 3), step.qos, ++messageId, step),
    );
  });
}

/** What was stored, what was acknowledged, and whether the connection lives, when bytes come in these pieces. */
async function converse(chunks: readonly Buffer[], settle: boolean): Promise<unknown> {
  const { core, device } = frontBench({ messageBytes });
  const peer = await device('d1', { keepalive: 0 });
  for (const chunk of chunks) peer.write(chunk);
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  const acknowledged = peer.packets.filter(
    (packet): packet is Packet & { messageId: number } => packet.cmd === 'puback',
  );
  return {
    stored: core.telemetry.messages.map(({ bag, body }) => [bag, body]),
    // An end overtakes what was not acknowledged yet.
    acknowledged: settle ? acknowledged.map(({ messageId }) => messageId) : undefined,
    pings: settle ? peer.packets.filter((packet) => packet.cmd === 'pingresp').length : undefined,
    closed: peer.isClosed,
  };
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return at
    .slice(1)
    .map((end, index) => bytes.subarray(at[index], end))
    .filter((piece) => piece.length > 0);
}

it('when any mix of packets comes in any pieces, then the same is stored and acknowledged as packet by packet', async () => {
  await fc.assert(
    fc.asyncProperty(steps, ends, fc.array(fc.nat(), { maxLength: 30 }), async (all, last, places) => {
      const packets = [...encode(all), ...(last === undefined ? [] : [last])];
      const settle = last === undefined;
      const expected = await converse(packets, settle);
      expect(await converse([Buffer.concat(packets)], settle)).toEqual(expected);
      expect(await converse(cut(Buffer.concat(packets), places), settle)).toEqual(expected);
      expect(expected).toMatchObject({ closed: !settle });
    }),
    { numRuns: 150 },
  );
});

it('when a QoS 1 message is dropped by a fault, then it gets no PUBACK, and those behind it do', async () => {
  const { core, device } = frontBench();
  core.telemetry.outcomeOf = ({ body }) => (body === 'b' ? 'dropped' : 'stored');
  const peer = await device();
  peer.write(Buffer.concat(['a', 'b', 'c'].map((body, index) => publish(events, body, 1, index + 1))));
  expect(await peer.next()).toMatchObject({ cmd: 'puback', messageId: 1 });
  expect(await peer.next()).toMatchObject({ cmd: 'puback', messageId: 3 });
});

it('when the first message of a run waits longer than the rest, then no PUBACK overtakes it', async () => {
  const { core, device } = frontBench();
  core.telemetry.holding = true;
  core.telemetry.outcomeOf = () => 'stored';
  const peer = await device();
  peer.write(Buffer.concat(['a', 'b'].map((body, index) => publish(events, body, 1, index + 1))));
  await peer.roundTrip();
  core.telemetry.releaseLast();
  await peer.roundTrip();
  core.telemetry.release();
  expect(await peer.next()).toMatchObject({ cmd: 'puback', messageId: 1 });
  expect(await peer.next()).toMatchObject({ cmd: 'puback', messageId: 2 });
});
