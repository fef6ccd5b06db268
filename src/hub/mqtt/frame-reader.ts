/**
 * - `frame`: {@link FrameReader.frame} is the next packet
 * - `more`: everything given so far has been read
 * - `malformed`: the length field is longer than four bytes (MQTT 3.1.1 §2.2.3)
 * - `too-large`: a packet announces more than the limit
 */
export type FrameStep = 'frame' | 'more' | 'malformed' | 'too-large';

/** A packet in the buffer it arrived in. Valid until the next step: whoever keeps a part of it copies that. */
export interface Frame {
  buffer: Buffer;
  /** Where the packet begins: its type and flags. */
  at: number;
  /** Behind the length field. */
  start: number;
  end: number;
}

const unknown = -1;
const broken = -2;
const longestFixedHeader = 5;
const smallestPartial = 512;
const nothing = Buffer.alloc(0);

/**
 * Cuts a stream of bytes into packets. A packet that lies whole in a chunk is not copied; one that comes in pieces is put together
 * in a buffer that doubles, so that neither a slow sender nor an announced length costs more than what was really received.
 */
export class FrameReader {
  readonly frame: Frame = { buffer: nothing, at: 0, start: 0, end: 0 };
  /** The largest packet, its fixed header not counted. */
  maxBytes: number;
  #chunk: Buffer = nothing;
  #chunkAt = 0;
  /** Of the chunk; made when packets in it are compared. */
  #view: DataView | undefined;
  #partial: Buffer | undefined;
  #partialLength = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** True when no byte waits to be read or to become a packet. */
  /** What is kept of a packet that is not whole yet. */
  get heldBytes(): number {
    return this.#partial?.length ?? 0;
  }

  get isEmpty(): boolean {
    return this.#partial === undefined && this.#chunkAt === this.#chunk.length;
  }

  push(chunk: Buffer): void {
    const rest = this.#chunk.subarray(this.#chunkAt);
    this.#chunk = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    this.#chunkAt = 0;
    this.#view = undefined;
  }

  next(): FrameStep {
    if (this.#partial !== undefined) return this.#finishPartial();
    if (this.#chunkAt === this.#chunk.length) return this.#letGo();
    const at = this.#chunkAt;
    const step = this.#measure(this.#chunk, at, this.#chunk.length);
    if (step === 'frame') this.#chunkAt = this.frame.end;
    if (step !== 'more') return step;
    this.#keepPartial();
    return this.#letGo();
  }

  /**
   * Steps on to the packet behind the current one if it lies whole in the same chunk and begins alike: the same type and flags, and
   * the same `prefix` bytes behind its length, and `more` behind those at least. Otherwise false, and nothing has changed. What many
   * packets of a device have in common is looked at once that way.
   */
  nextLike(prefix: number, more: number): boolean {
    const { frame } = this;
    const chunk = this.#chunk;
    const at = this.#chunkAt;
    if (frame.buffer !== chunk || frame.end !== at || chunk[at] !== chunk[frame.at]) return false;
    let start = at + 2;
    let length = chunk[at + 1] ?? 0x80;
    if (length >= 0x80) {
      const high = chunk[start++] ?? 0x80;
      if (high >= 0x80) return false;
      length = (length & 0x7f) | (high << 7);
    }
    if (length < prefix + more || length > this.maxBytes || start + length > chunk.length) return false;
    this.#view ??= new DataView(chunk.buffer, chunk.byteOffset, chunk.length);
    if (!sameBytes(this.#view, frame.start, start, prefix)) return false;
    frame.at = at;
    frame.start = start;
    frame.end = start + length;
    this.#chunkAt = frame.end;
    return true;
  }

  /**
   * Everything is read: the chunk goes, which thousands of idle connections would keep otherwise, each a hole in the block it was
   * received into.
   */
  #letGo(): 'more' {
    this.#chunk = nothing;
    this.#chunkAt = 0;
    this.#view = undefined;
    this.frame.buffer = nothing;
    return 'more';
  }

  /** Looks for a whole packet at `at`; fills {@link frame} when there is one. */
  #measure(buffer: Buffer, at: number, end: number): FrameStep {
    const start = endOfLength(buffer, at, end);
    if (start === unknown) return 'more';
    if (start === broken) return 'malformed';
    const length = readLength(buffer, at + 1, start);
    if (length > this.maxBytes) return 'too-large';
    if (start + length > end) return 'more';
    const { frame } = this;
    frame.buffer = buffer;
    frame.at = at;
    frame.start = start;
    frame.end = start + length;
    return 'frame';
  }

  #keepPartial(): void {
    const rest = this.#chunk.subarray(this.#chunkAt);
    this.#partial = Buffer.allocUnsafe(Math.max(rest.length * 2, smallestPartial));
    rest.copy(this.#partial);
    this.#partialLength = rest.length;
  }

  #finishPartial(): FrameStep {
    for (;;) {
      const partial = this.#partial;
      if (partial === undefined) return 'more';
      const step = this.#measure(partial, 0, this.#partialLength);
      if (step !== 'more') {
        this.#partial = undefined;
        return step;
      }
      if (this.#chunkAt === this.#chunk.length) return this.#letGo();
      this.#takeFromChunk(partial);
    }
  }

  /** Moves over what the packet lacks: byte by byte until its length is known, so that nothing of the next one comes along. */
  #takeFromChunk(partial: Buffer): void {
    const start = endOfLength(partial, 0, this.#partialLength);
    const lacking = start < 0 ? 1 : start + readLength(partial, 1, start) - this.#partialLength;
    const bytes = Math.min(lacking, this.#chunk.length - this.#chunkAt);
    let target = partial;
    if (this.#partialLength + bytes > partial.length) {
      target = Buffer.allocUnsafe(Math.max(partial.length * 2, this.#partialLength + bytes));
      partial.copy(target, 0, 0, this.#partialLength);
      this.#partial = target;
    }
    this.#chunk.copy(target, this.#partialLength, this.#chunkAt, this.#chunkAt + bytes);
    this.#partialLength += bytes;
    this.#chunkAt += bytes;
  }
}

/** Where the variable header begins, or `unknown` or `broken`. */
function endOfLength(buffer: Buffer, at: number, end: number): number {
  for (let index = at + 1; index < end; index++) {
    if ((buffer[index] ?? 0) < 0x80) return index + 1;
    if (index - at === longestFixedHeader - 1) return broken;
  }
  return unknown;
}

function readLength(buffer: Buffer, from: number, to: number): number {
  let length = 0;
  for (let index = to - 1; index >= from; index--) length = length * 0x80 + ((buffer[index] ?? 0) & 0x7f);
  return length;
}

/** Four bytes at a time: telling equal topics is a good part of what a message costs. */
function sameBytes(view: DataView, left: number, right: number, length: number): boolean {
  let at = 0;
  for (; at + 4 <= length; at += 4) if (view.getInt32(left + at) !== view.getInt32(right + at)) return false;
  for (; at < length; at++) if (view.getUint8(left + at) !== view.getUint8(right + at)) return false;
  return true;
}
