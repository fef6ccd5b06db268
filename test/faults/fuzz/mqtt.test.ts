/** C-23: MQTT, in process. Each decoder alone first, then whole conversations with the front. */
import { expect, it } from 'vitest';
import { FrameReader } from '../../../src/hub/mqtt/frame-reader.ts';
import { decodePacket } from '../../../src/hub/mqtt/packets.ts';
import { newPublish, readPublish } from '../../../src/hub/mqtt/publish.ts';
import { frontBench } from '../../support/mqtt-front.ts';
import { corpus } from './support/corpus.ts';
import { fuzz } from './support/fuzz.ts';
import { mutateBytes } from './support/mutate.ts';
import { below, pick, type Random } from './support/random.ts';

const vectors = corpus('mqtt').map(({ bytes }) => bytes);
const words = ['$iothub/', 'devices/d1/', '\u0000', '#', '+', '__proto__', '$dps/'].map((text) => Buffer.from(text));
const limit = 16 * 1024;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const damaged = (random: Random): Buffer => mutateBytes(random, pick(random, vectors), vectors, words);

/** The packets of a stream as the standard cuts it (MQTT 3.1.1 §2.2.3), with how it ends: written for this test alone. */
function cutBySpecification(stream: Buffer): { readonly frames: string[]; readonly end: string } {
  const frames: string[] = [];
  for (let at = 0; at < stream.length;) {
    let length = 0;
    let size = 0;
    for (; ; size++) {
      const byte = stream[at + 1 + size];
      if (byte === undefined) return { frames, end: 'more' };
      length += (byte & 0x7f) * 128 ** size;
      if (byte < 0x80) break;
      if (size === 3) return { frames, end: 'malformed' };
    }
    if (length > limit) return { frames, end: 'too-large' };
    const end = at + 2 + size + length;
    if (end > stream.length) return { frames, end: 'more' };
    frames.push(hex(stream.subarray(at, end)));
    at = end;
  }
  return { frames, end: 'more' };
}

it('C-23 the frame reader cuts every stream as the standard does, however it arrives', async () => {
  await fuzz({
    id: 'C-23',
    name: 'mqtt-frame-reader',
    cases: { smoke: 4_000, full: 1_500_000 },
    make: (random) => {
      const stream = Buffer.concat(Array.from({ length: 1 + below(random, 4) }, () => damaged(random)));
      const chunks: Buffer[] = [];
      for (let at = 0; at < stream.length; at += chunks.at(-1)?.length ?? 1)
        chunks.push(stream.subarray(at, at + 1 + below(random, random() < 0.3 ? 3 : 400)));
      return chunks;
    },
    check(chunks) {
      const reader = new FrameReader(limit);
      const frames: string[] = [];
      let end = 'more';
      for (const chunk of chunks) {
        reader.push(chunk);
        do {
          end = reader.next();
          const { buffer, at, end: last } = reader.frame;
          if (end === 'frame') frames.push(hex(buffer.subarray(at, last)));
        } while (end === 'frame');
        if (end !== 'more') break;
      }
      expect({ frames, end }).toEqual(cutBySpecification(Buffer.concat(chunks)));
    },
    show: (chunks) => chunks.map(hex).join(' '),
  });
});

it('C-23 a damaged packet is read or refused, never thrown at', async () => {
  const into = newPublish();
  await fuzz({
    id: 'C-23',
    name: 'mqtt-packets',
    cases: { smoke: 15_000, full: 4_000_000 },
    make: damaged,
    check(bytes) {
      const reader = new FrameReader(64 * 1024);
      reader.push(bytes);
      while (reader.next() === 'frame') {
        const { frame } = reader;
        decodePacket(frame);
        if (readPublish(frame, into) !== undefined) continue;
        if (into.bodyEnd > frame.end || into.bodyStart > into.bodyEnd || into.topic.includes('\0'))
          throw new Error('a publish that is none');
      }
    },
    show: hex,
  });
});

it('C-23 conversations leave nothing behind, whatever is said', async () => {
  const bench = frontBench();
  const connects = corpus('mqtt').filter(({ name }) => name.startsWith('connect'));
  await fuzz({
    id: 'C-23',
    name: 'mqtt-conversations',
    cases: { smoke: 250, full: 150_000 },
    make: (random) => ({
      opening: random() < 0.8 ? pick(random, connects).bytes : damaged(random),
      said: Array.from({ length: below(random, 8) }, () => (random() < 0.3 ? pick(random, vectors) : damaged(random))),
      leaves: random() < 0.5,
    }),
    async check({ opening, said, leaves }) {
      const peer = bench.connect();
      peer.stream.on('data', () => undefined);
      for (const bytes of [opening, ...said]) peer.write(bytes);
      await turn();
      if (leaves) peer.stream.destroy();
      await bench.clock.advance(100_000_000);
      await peer.closed;
      if (bench.core.sessions.size !== 0 || bench.front.size !== 0) throw new Error('a session stays');
      if (bench.clock.pending !== 0) throw new Error('a timer stays');
      // The bench keeps them for tests that look.
      bench.logged.length = 0;
      bench.core.telemetry.messages.length = 0;
      if (Object.hasOwn(Object.prototype, 'a')) throw new Error('a prototype was changed');
    },
    show: ({ opening, said }) => [opening, ...said].map(hex).join(' '),
  });
});

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
