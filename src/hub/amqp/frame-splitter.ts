/** Cuts a stream of bytes into protocol headers and frames. Source: AMQP 1.0 parts 2.2, 2.3.1. */
export type Piece = 'more' | 'header' | 'frame' | 'malformed' | 'too-large';

const headerBytes = 8;

export class FrameSplitter {
  /** The largest frame. */
  maxBytes: number;
  #chunks: Buffer[] = [];
  #length = 0;
  /** The piece of the last {@link next}; a view, valid as long as nobody writes to the chunks it came in. */
  piece: Buffer = Buffer.alloc(0);
  /** Set while the next piece is a header. */
  expectsHeader = true;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  next(): Piece {
    if (this.#length < headerBytes) return 'more';
    if (this.expectsHeader) {
      this.#cut(headerBytes);
      return 'header';
    }
    const size = this.#peekSize();
    if (size < headerBytes) return 'malformed';
    if (size > this.maxBytes) return 'too-large';
    if (this.#length < size) return 'more';
    this.#cut(size);
    return 'frame';
  }

  #peekSize(): number {
    const first = this.#chunks[0];
    if (first !== undefined && first.length >= 4) return first.readUInt32BE(0);
    return this.#joined().readUInt32BE(0);
  }

  #cut(size: number): void {
    const first = this.#chunks[0];
    const whole = first !== undefined && first.length >= size ? first : this.#joined();
    this.piece = whole.subarray(0, size);
    this.#length -= size;
    if (whole.length === size) this.#chunks.shift();
    else this.#chunks[0] = whole.subarray(size);
  }

  /** All bytes in one chunk. */
  #joined(): Buffer {
    const whole = Buffer.concat(this.#chunks, this.#length);
    this.#chunks = [whole];
    return whole;
  }
}
