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
const times = fc.integer({ min: -8_640_000_000_000, max: 8_640_000_000_000_000 });
const anyBag = fc.oneof(fc.constantFrom('', 'a=b'), fc.string({ unit: 'grapheme', maxLength: 60 }));
const bodies = fc.uint8Array({ maxLength: 300 });
const messages = fc.array(fc.record({ sender: senders, enqueuedTime: times, bag: anyBag, body: bodies }), {
  minLength: 1,
  maxLength: 60,
});
const runs = fc.array(
  fc.record({
    sender: senders,
    enqueuedTime: times,
    bag: anyBag,
    bodies: fc.array(bodies, { minLength: 1, maxLength: 30 }),
  }),
  { minLength: 1, maxLength: 20 },
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

  it('when runs are framed and read back, then each body is a message, whatever lies around it in the buffer', () => {
    fc.assert(
      fc.property(runs, fc.nat(20), (values, gap) => {
        const writer = new BatchWriter(3);
        for (const run of values) {
          const buffer = Buffer.concat(run.bodies.flatMap((body) => [Buffer.alloc(gap, 0xff), body]));
          let at = 0;
          const bounds = Uint32Array.from(
            run.bodies.flatMap(({ length }) => {
              at += gap + length;
              return [at - length, at];
            }),
          );
          writer.addRun(run.sender, run.enqueuedTime, run.bag, { buffer, bounds, count: run.bodies.length });
        }
        const read = decodeRecords(bytesOf(writer.seal()), options());
        expect(
          read.map(({ sender, enqueuedTime, bag, body }) => ({ sender, enqueuedTime, bag, body: [...body] })),
        ).toEqual(
          values.flatMap(({ sender, enqueuedTime, bag, bodies: all }) =>
            all.map((body) => ({ sender, enqueuedTime, bag, body: [...body] })),
          ),
        );
      }),
    );
  });

  it('when records were written before there were runs, then they are read as they were', () => {
    const sender = Buffer.from(JSON.stringify(['d', '1', 'device', 'sas', 'iothub', '']));
    const records = [Buffer.from([0, 1, sender.length, 0, 0, 0]), sender];
    for (const [time, bag, body] of [
      [1_700_000_000_000.5, 'a=b', 'one'],
      [5, '', ''],
    ] as const) {
      const header = Buffer.alloc(21);
      header[0] = 2;
      header.writeDoubleLE(time, 5);
      header.writeUInt32LE(bag.length, 13);
      header.writeUInt32LE(body.length, 17);
      records.push(header, Buffer.from(bag + body));
    }
    // Rows that were merged by a newer program hold both kinds.
    const writer = new BatchWriter(3);
    writer.add(anySender(), 7, 'c=d', Buffer.from('three'));
    const read = decodeRecords(Buffer.concat([...records, bytesOf(writer.seal())]), options(40));
    const told = read.map(({ sequenceNumber, enqueuedTime, bag, body }) => [
      sequenceNumber,
      enqueuedTime,
      bag,
      String(body),
    ]);
    expect(told).toEqual([
      [40, 1_700_000_000_000.5, 'a=b', 'one'],
      [41, 5, '', ''],
      [42, 7, 'c=d', 'three'],
    ]);
    expect(read.map((message) => message.sender)).toEqual([anySender(), anySender(), anySender()]);
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
    expect(once.length - one).toBe(6);
    expect(once.seal().devices).toBe('d');
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
