/** Whole numbers in as few bytes as they need: seven bits in a byte, the lowest first, the highest bit says that more follow. */

/** What the largest safe integer takes. */
const longest = 8;

/** Writes `value`, which is a safe integer and not negative; answers where to go on. */
export function writeVarint(buffer: Uint8Array, at: number, value: number): number {
  let left = value;
  let end = at;
  while (left >= 0x80) {
    buffer[end++] = (left % 0x80) | 0x80;
    left = Math.floor(left / 0x80);
  }
  buffer[end++] = left;
  return end;
}

/** Reads numbers one after the other. */
export class VarintReader {
  readonly #bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** Throws RangeError at the end of the bytes, and when there are more than any number takes. */
  next(): number {
    const bytes = this.#bytes;
    let value = 0;
    let unit = 1;
    for (let index = 0; index < longest; index++) {
      const byte = bytes[this.at++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value;
      unit *= 0x80;
    }
    throw new RangeError('a number is cut off, or longer than any');
  }
}
