import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Sender } from '../../../../src/hub/core/ports.ts';
import { BatchWriter, decodeRecords, SenderCache, type Batch } from '../../../../src/hub/store/log/records.ts';

const senders = fc.record({
  deviceId: fc.string({ minLength: 1, maxLength: 12 }),
  moduleId: fc.constantFrom('', 'm1'),
  source: fc.constantFrom('Telemetry' as const, 'twinChangeEvents' as const),
  generationId: fc.string({ maxLength: 18 }),
  auth: fc.record({
    scope: fc.constantFrom('hub' as const, 'device' as const),
    type: fc.constantFrom('sas' as const, 'x509' as const),
    issuer: fc.constant('iothub'),
  }),
  modelId: fc.string({ maxLength: 20, unit: 'grapheme' }),
});
const messages = fc.array(
  fc.record({
    sender: senders,
    enqueuedTime: fc.integer({ min: 0, max: 8_640_000_000_000_000 }),
    bag: fc.string({ unit: 'grapheme', maxLength: 60 }),
    body: fc.uint8Array({ maxLength: 300 }),
  }),
  { minLength: 1, maxLength: 60 },
);
type Message = typeof messages extends fc.Arbitrary<infer Values> ? Values : never;

function anySender(): Sender {
  return {
    deviceId: 'd',
    moduleId: '',
    source: 'Telemetry',
    generationId: '1',
    auth: { scope: 'device', type: 'sas', issuer: 'iothub' },
    modelId: '',
  };
}

function write(values: Message): Batch {
  const writer = new BatchWriter(3);
  for (const { sender, enqueuedTime, bag, body } of values) writer.add(sender, enqueuedTime, bag, body);
  return writer.seal();
}

function bytesOf(batch: Batch): Buffer {
  return Buffer.from(batch.buffer, 0, batch.length);
}

function options(first = 0): { partition: number; first: number; from: number; senders: SenderCache } {
  return { partition: 3, first, from: first, senders: new SenderCache() };
}

describe('records of a batch', () => {
  it('when messages are framed and read back, then they are the same, numbered on from the first', () => {
    fc.assert(
      fc.property(messages, fc.nat(), (values, first) => {
        const read = decodeRecords(bytesOf(write(values)), options(first));
        expect(read.map(({ body, ...rest }) => ({ ...rest, body: [...body] }))).toEqual(
          values.map(({ body, ...rest }, index) => ({
            ...rest,
            partition: 3,
            sequenceNumber: first + index,
            body: [...body],
          })),
        );
      }),
    );
  });

  it('when batches are put end to end, then they read as one', () => {
    fc.assert(
      fc.property(messages, messages, (left, right) => {
        const joined = Buffer.concat([bytesOf(write(left)), bytesOf(write(right))]);
        const bags = decodeRecords(joined, options()).map((message) => message.bag);
        expect(bags).toEqual([...left, ...right].map((message) => message.bag));
      }),
    );
  });

  it('when the bytes are damaged, then it throws a RangeError or gives messages, and nothing else happens', () => {
    fc.assert(
      fc.property(
        messages,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
        fc.nat(),
        (values, edits, cut) => {
          const raw = bytesOf(write(values));
          for (const [at, value] of edits) raw[at % raw.length] = value;
          try {
            expect(Array.isArray(decodeRecords(raw.subarray(0, cut % (raw.length + 1)), options()))).toBe(true);
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
          }
        },
      ),
    );
  });

  it('when many messages come from one sender, then the sender is written once, also as an equal object', () => {
    const once = new BatchWriter(0);
    once.add(anySender(), 1, '', Buffer.alloc(0));
    const one = once.length;
    once.add(anySender(), 1, '', Buffer.alloc(0));
    expect(once.length - one).toBe(21);
    expect(once.seal().devices).toEqual(['d']);
  });

  it('when a reader asks for some devices from some number on, then the others are left out and keep their numbers', () => {
    const writer = new BatchWriter(0);
    for (const deviceId of ['a', 'b', 'a', 'b', 'a']) {
      writer.add(
        {
          deviceId,
          moduleId: '',
          source: 'Telemetry',
          generationId: '1',
          auth: { scope: 'device', type: 'sas', issuer: 'x' },
          modelId: '',
        },
        1,
        '',
        Buffer.alloc(0),
      );
    }
    const read = decodeRecords(bytesOf(writer.seal()), {
      ...options(10),
      from: 11,
      accepts: ({ deviceId }) => deviceId === 'a',
    });
    expect(read.map((message) => message.sequenceNumber)).toEqual([12, 14]);
  });
});
