import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameReader } from '../../../src/hub/mqtt/frame-reader.ts';

const limit = 70_000;

function packet(type: number, body: Buffer): Buffer {
  const header = [type];
  let length = body.length;
  do {
    const low = length & 0x7f;
    length >>= 7;
    header.push(length > 0 ? low | 0x80 : low);
  } while (length > 0);
  return Buffer.concat([Buffer.from(header), body]);
}

function readAll(chunks: readonly Buffer[], maxBytes = limit): { packets: string[]; end: string } {
  const reader = new FrameReader(maxBytes);
  const packets: string[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let step = reader.next(); step !== 'more'; step = reader.next()) {
      if (step !== 'frame') return { packets, end: step };
      const { buffer, at, start, end } = reader.frame;
      packets.push(`${buffer[at]}:${buffer.toString('hex', start, end)}`);
    }
  }
  return { packets, end: 'more' };
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return [...chunks, bytes.subarray(at)];
}

const bodies = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  fc.integer({ min: 0, max: 20_000 }).map((length) => new Uint8Array(length)),
);
const packets = fc.array(fc.tuple(fc.integer({ min: 0, max: 255 }), bodies), { maxLength: 12 });
const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 9_000 })), { maxLength: 60 });

describe('cutting bytes into packets', () => {
  it('when packets come in any pieces, then the same packets come out', () => {
    fc.assert(
      fc.property(packets, sizes, (values, pieces) => {
        const whole = Buffer.concat(values.map(([type, body]) => packet(type, Buffer.from(body))));
        expect(readAll(cut(whole, pieces))).toEqual({
          packets: values.map(([type, body]) => `${type}:${Buffer.from(body).toString('hex')}`),
          end: 'more',
        });
      }),
      { numRuns: 300 },
    );
  });

  it('when the bytes are arbitrary, then reading ends, whatever the pieces', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), sizes, (bytes, pieces) => {
        const whole = readAll([Buffer.from(bytes)], 60);
        expect(readAll(cut(Buffer.from(bytes), pieces), 60)).toEqual(whole);
      }),
      { numRuns: 1_000 },
    );
  });

  it('when a large packet comes byte by byte, then it costs no more than its bytes', () => {
    const bytes = packet(0x30, Buffer.alloc(60_000));
    const begun = performance.now();
    expect(readAll(Array.from(bytes, (byte) => Buffer.from([byte]))).packets).toHaveLength(1);
    expect(performance.now() - begun).toBeLessThan(2_000);
  });

  it('when a packet announces more than the limit, then it is refused before its body', () => {
    expect(readAll([packet(0x30, Buffer.alloc(limit + 1)).subarray(0, 4)])).toEqual({ packets: [], end: 'too-large' });
  });

  it('when the length has more than four bytes, then it is malformed (MQTT 3.1.1 §2.2.3)', () => {
    expect(readAll([Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80])]).end).toBe('malformed');
  });
});
