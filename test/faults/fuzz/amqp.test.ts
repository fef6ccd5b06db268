/** C-23: AMQP, in process. The codec and what reads its values first, then whole conversations with the front. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ProtocolError } from '../../../src/hub/amqp/protocol-error.ts';
import { bodyOf, decodeMessage } from '../../../src/hub/amqp/codec/decode-message.ts';
import { readPerformative, readTermini } from '../../../src/hub/amqp/codec/performatives.ts';
import { DecodeError, Reader } from '../../../src/hub/amqp/codec/reader.ts';
import { bagOf } from '../../../src/hub/amqp/device/telemetry-properties.ts';
import { parseDeviceAddress } from '../../../src/hub/amqp/device/address.ts';
import { parseEndpointAddress } from '../../../src/hub/amqp/event-hubs/address.ts';
import { parseSelector, startPositionOf } from '../../../src/hub/amqp/event-hubs/filter.ts';
import { FrameSplitter } from '../../../src/hub/amqp/frame-splitter.ts';
import { readSaslInit } from '../../../src/hub/amqp/sasl.ts';
import { openAmqpBench, type AmqpBench } from '../../support/amqp-front.ts';
import { corpus, textCorpus } from './support/corpus.ts';
import { fuzz } from './support/fuzz.ts';
import { mutateBytes, mutateText } from './support/mutate.ts';
import { below, pick, type Random } from './support/random.ts';

const frames = corpus('amqp-frames').map(({ bytes }) => bytes);
const words = [0x00, 0x40, 0x45, 0x5380, 0xd0ffffffff, 0xf0, 0xe0, 0xc1, 0x98, 0x83].map((value) =>
  Buffer.from(value.toString(16).padStart(2, '0'), 'hex'),
);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const damaged = (random: Random): Buffer => mutateBytes(random, pick(random, frames), frames, words);

/** A refusal is an answer; anything else is a finding. */
function refusable(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof DecodeError) && !(error instanceof ProtocolError)) throw error;
  }
}

it('C-23 damaged frames are read or refused, and cost no more than their bytes', async () => {
  await fuzz({
    id: 'C-23',
    name: 'amqp-frames',
    cases: { smoke: 12_000, full: 3_000_000 },
    make: damaged,
    check(bytes) {
      // The size is made to fit, so that damage reaches what is inside.
      if (bytes.length >= 8) bytes.writeUInt32BE(bytes.length);
      const splitter = new FrameSplitter(64 * 1024);
      splitter.expectsHeader = false;
      splitter.push(bytes);
      while (splitter.next() === 'frame') {
        const { piece } = splitter;
        refusable(() => {
          const performative = readPerformative(piece);
          if (performative === undefined) return;
          refusable(() => readTermini(piece));
          refusable(() => readSaslInit(performative));
          refusable(() => readMessage(performative.payload));
        });
      }
    },
    show: hex,
  });
});

it('C-23 damaged values and messages are read or refused', async () => {
  const payloads = frames.flatMap((frame) => {
    try {
      const payload = readPerformative(frame)?.payload;
      return payload === undefined || payload.length === 0 ? [] : [payload];
    } catch {
      return [];
    }
  });
  await fuzz({
    id: 'C-23',
    name: 'amqp-messages',
    cases: { smoke: 12_000, full: 3_000_000 },
    make: (random) => mutateBytes(random, pick(random, payloads), payloads, words),
    check(bytes) {
      refusable(() => readMessage(bytes));
      refusable(() => {
        const reader = new Reader(bytes, 0, bytes.length);
        while (reader.remaining > 0) reader.read();
      });
    },
    show: hex,
  });
});

function readMessage(bytes: Uint8Array): void {
  const message = decodeMessage(bytes);
  bodyOf(message);
  bagOf(message);
  startPositionOf(message.annotations);
  startPositionOf(message.applicationProperties);
}

it('C-23 addresses and filters are understood or refused', async () => {
  const texts = textCorpus('addresses');
  await fuzz({
    id: 'C-23',
    name: 'amqp-addresses',
    cases: { smoke: 10_000, full: 1_000_000 },
    make: (random) => mutateText(random, pick(random, texts), texts),
    check(text) {
      parseEndpointAddress(text);
      parseSelector(text);
      for (const identity of parseDeviceAddress(text)?.identities ?? [])
        if (!/^[^/\0#+]+(\/[^/\0#+]+)?$/.test(identity.replaceAll(/[#+]/g, 'x')))
          throw new Error(`an identity ${identity}`);
    },
    show: JSON.stringify,
  });
});

let bench: AmqpBench;
beforeAll(async () => {
  bench = await openAmqpBench();
  await bench.device('d1');
});
afterAll(() => bench.close());

it('C-23 conversations leave nothing behind, whatever is said', async () => {
  const opening = Buffer.concat(frames.slice(0, 3));
  await fuzz({
    id: 'C-23',
    name: 'amqp-conversations',
    cases: { smoke: 150, full: 100_000 },
    make: (random) => ({
      said: Array.from({ length: 1 + below(random, 10) }, () =>
        random() < 0.5 ? pick(random, frames) : damaged(random),
      ),
      opened: random() < 0.8,
    }),
    async check({ said, opened }) {
      const stream = bench.stream();
      stream.on('error', () => undefined).resume();
      if (opened) stream.write(opening);
      for (const bytes of said) stream.write(bytes);
      for (let turns = 0; turns < 3; turns++) await turn();
      stream.destroy();
      await turn();
      if (bench.errors.length > 0 || bench.logged.length > 0)
        throw new Error(`the hub failed: ${JSON.stringify([bench.errors.splice(0), bench.logged.splice(0)])}`);
    },
    show: ({ said }) => said.map(hex).join(' '),
  });
  await turn();
  expect(bench.core.sessions.size).toBe(0);
});

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
