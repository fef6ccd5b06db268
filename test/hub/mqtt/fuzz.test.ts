import * as fc from 'fast-check';
import mqttPacket, { type Packet } from 'mqtt-packet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectPacket, frontBench, type FrontBench } from '../../support/mqtt-front.ts';

const will = { topic: 'devices/d1/messages/events/', payload: Buffer.from('w'), qos: 1 as const, retain: true };
const publish = { cmd: 'publish', dup: false, retain: false } as const;
const valid: Packet[] = [
  connectPacket('d1', { will }),
  { ...publish, qos: 1, messageId: 1, topic: 'devices/d1/messages/events/a=b', payload: 'hello' },
  { ...publish, qos: 0, topic: 'devices/d1/messages/events/', payload: '' },
  { ...publish, qos: 0, topic: '$iothub/twin/GET/?$rid=1', payload: '' },
  {
    ...publish,
    qos: 1,
    messageId: 2,
    topic: '$iothub/twin/PATCH/properties/reported/?$rid=2',
    payload: '{"__proto__":{"a":1}}',
  },
  { ...publish, qos: 0, topic: '$iothub/methods/res/200/?$rid=1', payload: '{}' },
  { cmd: 'subscribe', messageId: 3, subscriptions: [{ topic: '$iothub/methods/POST/#', qos: 1 }] },
  { cmd: 'unsubscribe', messageId: 4, unsubscriptions: ['$iothub/methods/POST/#'] },
  { cmd: 'pingreq' },
  { cmd: 'disconnect' },
];
const encoded = valid.map((packet) => mqttPacket.generate(packet));
const connectBytes = mqttPacket.generate(connectPacket('d1', { will }));

const mutated = fc
  .tuple(
    fc.constantFrom(...encoded),
    fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
    fc.option(fc.nat()),
    fc.uint8Array({ maxLength: 6 }),
  )
  .map(([bytes, edits, cut, extra]) => {
    const copy = Buffer.from(bytes);
    for (const [at, value] of edits) copy[at % copy.length] = value;
    return Buffer.concat([cut === null ? copy : copy.subarray(0, cut % (copy.length + 1)), Buffer.from(extra)]);
  });
const conversations = fc.record({
  connected: fc.boolean(),
  chunks: fc.array(
    fc.oneof(
      mutated,
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    ),
    { maxLength: 8 },
  ),
  leaves: fc.boolean(),
});

const problems: unknown[] = [];
const note = (error: unknown): void => void problems.push(error);

/** When all is said, a connection is either alive and answers, or closed with nothing of it left. */
async function converse(
  bench: FrontBench,
  { connected, chunks, leaves }: { connected: boolean; chunks: Buffer[]; leaves: boolean },
): Promise<void> {
  const peer = bench.connect();
  if (connected) peer.write(connectBytes);
  for (const chunk of chunks) peer.write(chunk);
  if (leaves) peer.stream.destroy();
  await new Promise((resolve) => setImmediate(resolve));
  // Longer than any keep-alive: whoever says nothing sensible is gone.
  await bench.clock.advance(100_000 * 1_000);
  await peer.closed;
}

describe('hostile bytes', () => {
  beforeAll(() => {
    process.on('uncaughtException', note);
    process.on('unhandledRejection', note);
  });
  afterAll(() => {
    process.off('uncaughtException', note);
    process.off('unhandledRejection', note);
  });

  it('when a peer sends anything, then nothing is thrown and nothing of the connection stays', async () => {
    const bench = frontBench();
    await fc.assert(
      fc.asyncProperty(conversations, async (conversation) => {
        await converse(bench, conversation);
        expect(bench.core.sessions.size).toBe(0);
        expect(bench.front.size).toBe(0);
        expect(bench.clock.pending).toBe(0);
        expect(problems).toEqual([]);
        expect(({} as Record<string, unknown>)['a']).toBeUndefined();
      }),
      { numRuns: 1_500 },
    );
  });

  it('when one device sends garbage, then another one never notices', async () => {
    const bench = frontBench();
    const healthy = await bench.device('d2', { keepalive: 0 });
    await fc.assert(
      fc.asyncProperty(conversations, async ({ connected, chunks }) => {
        const peer = bench.connect();
        if (connected) peer.write(connectBytes);
        for (const chunk of chunks) peer.write(chunk);
        await healthy.roundTrip();
        peer.stream.destroy();
      }),
      { numRuns: 500 },
    );
    expect(healthy.isClosed).toBe(false);
  });
});
