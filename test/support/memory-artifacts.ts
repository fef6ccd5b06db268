import { createHash } from 'node:crypto';
import type { ArtifactStore, StoredArtifact } from '../../src/client/artifacts.ts';
import { Failure } from '../../src/errors/index.ts';

/** Firmware files in memory, with the promises of the real store. */
export interface MemoryArtifacts extends ArtifactStore {
  readonly contents: Map<string, Buffer>;
  /** How often a file was sent. */
  sent: number;
}

export function memoryArtifacts(): MemoryArtifacts {
  const contents = new Map<string, Buffer>();
  const store: MemoryArtifacts = {
    contents,
    sent: 0,
    async find(sha256) {
      const content = contents.get(sha256);
      return content === undefined ? undefined : stored(sha256, content);
    },
    async put({ sha256, size }, content, { onProgress } = {}) {
      const there = await store.find(sha256);
      if (there !== undefined) return there;
      const pieces: Buffer[] = [];
      let bytes = 0;
      for await (const piece of content()) {
        // A piece holds until the next is asked for alone.
        pieces.push(Buffer.from(piece));
        bytes += piece.length;
        onProgress?.(bytes);
      }
      const whole = Buffer.concat(pieces);
      if (bytes !== size || createHash('sha256').update(whole).digest('hex') !== sha256)
        throw new Failure('invalid-input', 'what arrived is not what its name says');
      store.sent += 1;
      contents.set(sha256, whole);
      return stored(sha256, whole);
    },
    async *list() {
      for (const [sha256, content] of contents) yield stored(sha256, content);
    },
    signUrl: async (sha256) => `http://127.0.0.1/${sha256}`,
  };
  return store;
}

function stored(sha256: string, content: Buffer): StoredArtifact {
  return { sha256, size: content.length, storedAt: '2026-03-01T12:00:00.000Z' };
}
