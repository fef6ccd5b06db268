import { createHash } from 'node:crypto';
import type { Clock } from '../../../std/clock.ts';
import type { ArtifactFile, ArtifactFileFacts } from './service.ts';

/** Disks lose bits without telling; a file that is served for long is read again so often. */
const checkedForMs = 86_400_000;
const chunkBytes = 256 * 1024;

/** Remembers which files were found to have the digest of their name. */
export interface DigestCheck {
  /** Whether the file has the digest; read whole unless that is known. At once for all who ask while it is read. */
  isGood(name: string, file: ArtifactFile): Promise<boolean>;
  /** The file was hashed while it was written. */
  trust(name: string, facts: ArtifactFileFacts): void;
}

interface Finding {
  readonly stamp: string;
  readonly checkedAt: number;
  readonly good: Promise<boolean>;
}

export function createDigestCheck(clock: Clock): DigestCheck {
  const found = new Map<string, Finding>();

  function note(name: string, facts: ArtifactFileFacts, good: Promise<boolean>): void {
    const finding = { stamp: stampOf(facts), checkedAt: clock.monotonic(), good };
    found.set(name, finding);
    // A file that could not be read was not found to be bad.
    good.catch(() => (found.get(name) === finding ? found.delete(name) : undefined));
  }

  return {
    async isGood(name, file) {
      const known = found.get(name);
      const isFresh = known?.stamp === stampOf(file) && clock.monotonic() - known.checkedAt < checkedForMs;
      if (isFresh) return known.good;
      const good = digestOf(file).then((digest) => digest === name);
      note(name, file, good);
      return good;
    },
    trust: (name, facts) => note(name, facts, Promise.resolve(true)),
  };
}

function stampOf({ size, modifiedAt, fileId }: ArtifactFileFacts): string {
  return `${fileId} ${size} ${modifiedAt}`;
}

/** Through one small buffer, however large the file is. */
async function digestOf(file: ArtifactFile): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafeSlow(chunkBytes);
  for (let position = 0; ;) {
    const read = await file.read(buffer, position);
    if (read === 0) return hash.digest('hex');
    hash.update(buffer.subarray(0, read));
    position += read;
  }
}
