import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeRow, encodeRow } from '../../../../src/hub/store/log/codec.ts';

const rows = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 300 }),
  // Large and repetitive enough to be compressed.
  fc
    .uint8Array({ minLength: 50, maxLength: 100 })
    .map((piece) => Buffer.concat(Array.from({ length: 400 }, () => piece))),
);

it('when a row is stored, then it is read back as it was', () => {
  fc.assert(
    fc.property(rows, (raw) => {
      const { codec, bytes } = encodeRow(raw);
      expect(Buffer.compare(decodeRow(codec, bytes, raw.length), raw)).toBe(0);
    }),
  );
});

it('when any bit of a stored row is another, then it is refused, or the content is the same', () => {
  fc.assert(
    fc.property(rows, fc.nat(), fc.nat(7), (raw, place, bit) => {
      const { codec, bytes } = encodeRow(raw);
      const damaged = Buffer.from(bytes);
      const at = place % damaged.length;
      damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
      let read: Uint8Array;
      try {
        read = decodeRow(codec, damaged, raw.length);
      } catch {
        return;
      }
      // Bits that zstd does not use.
      expect(Buffer.compare(read, raw)).toBe(0);
    }),
  );
});

it('when a row holds another number of bytes than it says, then it is refused', () => {
  const { codec, bytes } = encodeRow(Buffer.from('abc'));
  expect(() => decodeRow(codec, bytes, 4)).toThrow('damaged');
  expect(() => decodeRow(codec, bytes.subarray(0, 2), 0)).toThrow('damaged');
  expect(() => decodeRow(7, bytes, 3)).toThrow('unknown encoding 7');
});

it('when a row was stored by an older version, then it is read', () => {
  expect(Buffer.from(decodeRow(0, Buffer.from('abc'), 3)).toString()).toBe('abc');
});
