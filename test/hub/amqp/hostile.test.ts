import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codes, readPerformative, type Performative } from '../../../src/hub/amqp/codec/performatives.ts';
import { defaultAmqpLimits, type AmqpLimits } from '../../../src/hub/amqp/limits.ts';
import { event, openAmqpBench, type AmqpBench } from '../../support/amqp-front.ts';

let bench: AmqpBench;
beforeAll(async () => {
  bench = await openAmqpBench();
});
afterAll(() => bench.close());

async function withLimits(limits: Partial<AmqpLimits>, run: (limited: AmqpBench) => Promise<void>): Promise<void> {
  const limited = await openAmqpBench(limits);
  try {
    await run(limited);
  } finally {
    await limited.close();
  }
}

function word(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

/** A frame on channel 0 with a described list in it. */
function frame(code: number, ...fields: number[][]): Buffer {
  const values = fields.flat();
  const body = [0, 0x53, code, 0xd0, ...word(values.length + 4), ...word(fields.length), ...values];
  return Buffer.from([...word(body.length + 8), 2, 0, 0, 0, ...body]);
}

const text = (value: string): number[] => [0xb1, ...word(value.length), ...Buffer.from(value)];
const uint = (value: number): number[] => [0x70, ...word(value)];
const no = [0x42];
const yes = [0x41];
const none = [0x40];
const list = (code: number, ...fields: number[][]): number[] => {
  const values = fields.flat();
  return [0, 0x53, code, 0xd0, ...word(values.length + 4), ...word(fields.length), ...values];
};

const opening = Buffer.concat([
  Buffer.from('AMQP\x00\x01\x00\x00', 'latin1'),
  frame(0x10, text('a')),
  frame(0x11, none, uint(0), uint(5_000), uint(5_000)),
]);

/** The peer wants to send to the address. */
function attachSender(handle: number, address: string, name = `link-${handle}`): Buffer {
  return frame(
    0x12,
    text(name),
    uint(handle),
    no,
    none,
    none,
    list(0x28),
    list(0x29, text(address)),
    none,
    none,
    uint(0),
  );
}

/** The peer wants to receive from the address. */
function attachReceiver(handle: number, address: string): Buffer {
  return frame(0x12, text(`link-${handle}`), uint(handle), yes, none, none, list(0x28, text(address)), list(0x29));
}

/** A piece of a message, of zeros. */
function piece(id: number, more: number[], size: number): Buffer {
  const performative = frame(0x14, uint(0), uint(id), [0xa0, 1, id], none, no, more);
  const whole = Buffer.concat([performative, Buffer.alloc(size)]);
  whole.writeUInt32BE(whole.length);
  return whole;
}

function listen(stream: Duplex): { readonly said: () => string } {
  const chunks: Buffer[] = [];
  stream.on('error', () => undefined);
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { said: () => Buffer.concat(chunks).toString('latin1') };
}

describe('a peer that costs more than it should', () => {
  it('when a message comes in endless empty pieces, then its link ends', () =>
    withLimits({ partialBytes: 64 * 1024 }, async (limited) => {
      const stream = limited.stream();
      const { said } = listen(stream);
      stream.write(Buffer.concat([opening, attachSender(0, '$cbs')]));
      await expect.poll(() => said().includes('link-0')).toBe(true);
      for (let sent = 0; sent < 4; sent++) {
        stream.write(Buffer.concat(Array.from({ length: 500 }, () => piece(0, yes, 0))));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await expect.poll(said).toContain('amqp:link:message-size-exceeded');
    }));

  it('when messages came in pieces before, then their bytes are not counted twice', () =>
    withLimits({ partialBytes: 4_096 }, async (limited) => {
      const stream = limited.stream();
      const { said } = listen(stream);
      stream.write(Buffer.concat([opening, attachSender(0, '$cbs')]));
      await expect.poll(() => said().includes('link-0')).toBe(true);
      for (let id = 0; id < 20; id++) stream.write(Buffer.concat([piece(id, yes, 1), piece(id, no, 2_000)]));
      await expect.poll(() => said().match(/decode|cannot be read/g)?.length).toBe(20);
      stream.write(Buffer.concat([piece(20, yes, 2_000), piece(20, yes, 2_000)]));
      await expect.poll(said).toContain('amqp:link:message-size-exceeded');
    }));

  it('when links are refused again and again and never taken away, then the connection ends', async () => {
    const stream = bench.stream();
    const { said } = listen(stream);
    stream.write(opening);
    const attaches = Array.from({ length: 1_000 }, (_, handle) => attachReceiver(handle, '/nowhere'));
    stream.write(Buffer.concat(attaches));
    await expect.poll(said).toContain('the connection has too many links');
    expect(said().match(/amqp:not-found/g)?.length).toBeLessThan(500);
  });

  it('when an attach is as large as a message, then the connection ends', async () => {
    const stream = bench.stream();
    const { said } = listen(stream);
    stream.write(Buffer.concat([opening, attachSender(0, '$cbs', 'x'.repeat(40_000))]));
    await expect.poll(said).toContain('the attach is too large');
  });

  it('when it opens a link to register and never proves who it is, then it is not let stay', async () => {
    const address = `${await bench.core.provisioning.idScope()}/registrations/nobody`;
    const connection = bench.connect();
    await event(connection.open_sender(address), 'sendable');
    const closed = event(connection, 'connection_close');
    await bench.clock.advance(defaultAmqpLimits.unauthenticatedMs);
    await closed;
    expect(connection.error).toMatchObject({ condition: 'amqp:unauthorized-access' });
  });
});

describe('a link that is asked where it stands', () => {
  it('when a flow of the peer wants an answer, then the answer is of that link', async () => {
    const stream = bench.stream();
    const { said } = listen(stream);
    stream.write(Buffer.concat([opening, attachReceiver(7, '$cbs')]));
    await expect.poll(() => said().includes('link-7')).toBe(true);
    const before = said().length;
    stream.write(frame(0x13, uint(1), uint(5_000), uint(0), uint(5_000), uint(7), uint(0), uint(3), none, no, yes));
    await expect.poll(() => said().length).toBeGreaterThan(before);
    const [flow] = framesOf(Buffer.from(said().slice(before), 'latin1'));
    expect(flow?.code).toBe(codes.flow);
    // Handle, delivery count, credit.
    expect(flow?.fields.slice(4, 7)).toEqual([7, 0, 3]);
  });
});

function framesOf(bytes: Buffer): Performative[] {
  const frames: Performative[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readUInt32BE(at)) {
    const performative = readPerformative(bytes.subarray(at, at + bytes.readUInt32BE(at)));
    if (performative !== undefined) frames.push(performative);
  }
  return frames;
}
