import { createHash } from 'node:crypto';

/** A firmware file that all devices of a process look at, so that ten thousand downloads take the room of one. */
export interface FirmwareContent {
  readonly sha256: string;
  readonly size: number;
  /** A part of it, to be looked at only. */
  chunk(from: number, to: number): Uint8Array;
  /** The same part with a bit that flipped on the way. */
  damaged(from: number, to: number, bit: number): Uint8Array;
  /** SHA-256 of the beginning of it, to go on with by other bytes; undefined for content without bytes. */
  hashOf(length: number): ReturnType<typeof createHash> | undefined;
}

/** Where a chunk comes from: what a flash needs to know to write it without keeping it. */
interface Origin {
  readonly content: FirmwareContent;
  readonly from: number;
  readonly damaged: boolean;
}

const origins = new WeakMap<Uint8Array, Origin>();

export function originOf(chunk: Uint8Array): Origin | undefined {
  return origins.get(chunk);
}

/** Content of which only name and length are known: a rehearsal has no file. Its bytes are zeros, and are never hashed. */
export function namedContent(sha256: string, size: number): FirmwareContent {
  let block = new Uint8Array();
  const view = (length: number): Uint8Array => {
    if (block.byteLength < length) block = new Uint8Array(length);
    return block.subarray(0, length);
  };
  const content: FirmwareContent = {
    sha256,
    size,
    chunk: (from, to) => marked(view(to - from), { content, from, damaged: false }),
    damaged: (from, to) => marked(view(to - from), { content, from, damaged: true }),
    hashOf: () => undefined,
  };
  return content;
}

/** Content whose bytes are here; they have the SHA-256. */
export function storedContent(sha256: string, bytes: Uint8Array): FirmwareContent {
  const content: FirmwareContent = {
    sha256,
    size: bytes.byteLength,
    chunk: (from, to) => marked(bytes.subarray(from, to), { content, from, damaged: false }),
    damaged(from, to, bit) {
      const copy = bytes.slice(from, to);
      const at = (bit >> 3) % Math.max(1, copy.byteLength);
      copy[at] = (copy[at] ?? 0) ^ (1 << (bit & 7));
      return marked(copy, { content, from, damaged: true });
    },
    hashOf: (length) => createHash('sha256').update(bytes.subarray(0, length)),
  };
  return content;
}

function marked(chunk: Uint8Array, origin: Origin): Uint8Array {
  origins.set(chunk, origin);
  return chunk;
}
