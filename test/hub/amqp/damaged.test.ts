import type { Duplex } from 'node:stream';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { event, openAmqpBench, putToken, type AmqpBench } from '../../support/amqp-front.ts';

let bench: AmqpBench;
/** What a device said from its first byte to its last. */
let conversation: Buffer;

beforeAll(async () => {
  bench = await openAmqpBench();
  conversation = await record();
});
afterAll(() => bench.close());

/** A device that puts its token, sends, reads its twin and gets a message. */
async function record(): Promise<Buffer> {
  const said: Buffer[] = [];
  const connection = bench.connect({}, {}, (stream) => tap(stream, said));
  await putToken(connection, await bench.device('d1'));
  const telemetry = connection.open_sender('/devices/d1/messages/events');
  await event(telemetry, 'sendable');
  for (const id of ['m1', 'm2', 'm3'])
    telemetry.send({ message_id: id, application_properties: { kind: id }, body: '{}' });
  await bench.core.messages.send('d1', { ack: 'none', properties: {}, body: Buffer.from('hello') });
  await event(connection.open_receiver('/devices/d1/messages/devicebound'), 'message');
  const answers = connection.open_receiver('/devices/d1/twin');
  const requests = connection.open_sender('/devices/d1/twin');
  await event(requests, 'sendable');
  requests.send({ correlation_id: 'r', message_annotations: { operation: 'GET' }, body: ' ' });
  await event(answers, 'message');
  connection.close();
  await event(connection, 'connection_close');
  return Buffer.concat(said);
}

function tap(stream: Duplex, said: Buffer[]): Duplex {
  const write = stream.write.bind(stream) as (chunk: Buffer) => boolean;
  stream.write = (chunk: Buffer) => {
    said.push(Buffer.from(chunk));
    return write(chunk);
  };
  return stream;
}

/** The bytes most likely to lead astray: type codes with sizes, zero, and all ones. */
const telling = fc.constantFrom(0, 0xff, 0x55, 0x81, 0x82, 0x40, 0x41, 0x43, 0x45, 0x70, 0xb1, 0xc0, 0xd0, 0xd1, 0xf0);
const damage = fc.array(fc.tuple(fc.nat(), fc.oneof(telling, fc.nat(255))), { minLength: 1, maxLength: 6 });

it('when bytes of a conversation are damaged, then nobody else notices', async () => {
  expect(conversation.length).toBeGreaterThan(1_000);
  await fc.assert(
    fc.asyncProperty(damage, fc.nat(), async (changes, split) => {
      const bytes = Buffer.from(conversation);
      for (const [at, value] of changes) bytes[8 + (at % (bytes.length - 8))] = value;
      const stream = bench.stream();
      stream.on('error', () => undefined).resume();
      stream.write(bytes.subarray(0, split % bytes.length));
      await turn();
      stream.write(bytes.subarray(split % bytes.length));
      for (let turns = 0; turns < 4; turns++) await turn();
      stream.destroy();
    }),
    { numRuns: 1_000 },
  );
  expect(bench.logged).toEqual([]);
  expect(bench.errors).toEqual([]);
  await turn();
  expect(bench.core.sessions.size).toBe(0);
  const connection = bench.connect();
  expect((await putToken(connection, await bench.device('d1'))).status).toBe(200);
}, 60_000);

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
