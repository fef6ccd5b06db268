import type { StoredArtifact } from '../../../client/artifacts.ts';
import { Failure } from '../../../errors/index.ts';
import type { Clock } from '../../../std/clock.ts';

/** Firmware files of a world: their names and sizes, no content. */
export interface ArtifactTable {
  put(artifact: { readonly sha256: string; readonly size: number }): StoredArtifact;
  find(sha256: string): StoredArtifact | undefined;
  list(): StoredArtifact[];
  /** Failure: not-found. */
  signUrl(sha256: string, expiresAt: number): string;
  remove(sha256: string): void;
}

export function createArtifactTable(clock: Pick<Clock, 'now'>, hostName: string): ArtifactTable {
  const stored = new Map<string, StoredArtifact>();
  return {
    put({ sha256, size }) {
      const artifact = stored.get(sha256) ?? { sha256, size, storedAt: new Date(clock.now()).toISOString() };
      stored.set(sha256, artifact);
      return artifact;
    },
    find: (sha256) => stored.get(sha256),
    list: () => [...stored.values()],
    signUrl(sha256, expiresAt) {
      if (!stored.has(sha256)) throw new Failure('not-found', `the hub keeps no file ${sha256}`);
      return `https://${hostName}/firmware/${sha256}?until=${expiresAt}`;
    },
    remove: (sha256) => void stored.delete(sha256),
  };
}
