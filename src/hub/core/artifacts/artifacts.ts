import { isArtifactName, type ArtifactAnswer } from '../../../protocol/artifacts.ts';
import { HubError } from '../../../protocol/hub-errors.ts';
import { isoMillis } from '../../../protocol/time.ts';
import type { Clock } from '../../../std/clock.ts';
import { loadKey } from '../keys.ts';
import type { RegistryStore } from '../ports.ts';
import { createDigestCheck } from './check.ts';
import { receiveArtifact } from './receive.ts';
import type { ArtifactFile, ArtifactFileFacts, ArtifactFiles, ArtifactService } from './service.ts';
import { signArtifact, verifyArtifact } from './signature.ts';

const keySetting = 'artifactSigningKey';

export interface ArtifactParts {
  readonly store: Pick<RegistryStore, 'readSetting' | 'writeSetting'>;
  /** Undefined for a hub without a place for files. */
  readonly files: ArtifactFiles | undefined;
  readonly clock: Clock;
  /** Told of a damaged file. */
  readonly onError: (error: unknown) => void;
}

export interface RunningArtifacts extends ArtifactService {
  /** Resolves when what an earlier run did not finish is gone. */
  readonly ready: Promise<void>;
}

/** Artifacts over files: a file that stands under a digest is whole, and nothing but the files says what there is. */
export function createArtifacts({ store, files, clock, onError }: ArtifactParts): RunningArtifacts {
  const check = createDigestCheck(clock);
  let key: Promise<Uint8Array> | undefined;
  const signingKey = (): Promise<Uint8Array> =>
    (key ??= loadKey(store, keySetting, 32).catch((error: unknown) => {
      // A failure is not kept: the next caller asks again.
      key = undefined;
      throw error;
    }));
  const told = new Set<string>();

  /** The file, found to be what its name says; the caller closes it. */
  async function openGood(sha256: string): Promise<ArtifactFile> {
    const file = await placeOf(files).open(checkName(sha256));
    if (file === undefined) throw new HubError('ArtifactNotFound', `There is no artifact ${sha256}.`);
    try {
      if (await check.isGood(sha256, file)) return file;
    } catch (error) {
      await file.close();
      throw error;
    }
    await file.close();
    const damaged = new HubError(
      'ArtifactDamaged',
      `The artifact ${sha256} is damaged on the disk of the hub, bring it again.`,
    );
    if (!told.has(sha256)) onError(damaged);
    told.add(sha256);
    throw damaged;
  }

  const find: ArtifactService['find'] = async (sha256) => {
    const file = await openGood(sha256);
    await file.close();
    return answerOf(sha256, file);
  };

  return {
    ready: files?.removeUnfinished() ?? Promise.resolve(),
    find,
    async put(sha256, content) {
      const facts = await receiveArtifact(placeOf(files), checkName(sha256), content);
      check.trust(sha256, facts);
      told.delete(sha256);
      return answerOf(sha256, facts);
    },
    async open(sha256) {
      const file = await openGood(sha256);
      return {
        sha256,
        size: file.size,
        read: (into, position) => file.read(into, position),
        close: () => file.close(),
      };
    },
    async list({ after = '', limit }) {
      const place = placeOf(files);
      const names = (await place.names()).filter((name) => isArtifactName(name) && name > after);
      const artifacts: ArtifactAnswer[] = [];
      for (const name of names.slice(0, limit)) {
        const facts = await place.facts(name);
        if (facts !== undefined) artifacts.push(answerOf(name, facts));
      }
      return { artifacts, next: names.length > limit ? names[limit - 1] : undefined };
    },
    async sign(sha256, expiresAt) {
      await find(sha256);
      return signArtifact(await signingKey(), sha256, expiresAt);
    },
    async verify(sha256, query) {
      verifyArtifact(await signingKey(), checkName(sha256), query, clock.now());
    },
  };
}

function placeOf(files: ArtifactFiles | undefined): ArtifactFiles {
  if (files === undefined)
    throw new HubError('DefaultStorageEndpointNotConfigured', 'This hub has no place for files.');
  return files;
}

function checkName(sha256: string): string {
  if (!isArtifactName(sha256))
    throw new HubError('ArgumentInvalid', 'An artifact is named by its SHA-256: 64 hexadecimal digits in lower case.');
  return sha256;
}

function answerOf(sha256: string, { size, modifiedAt }: ArtifactFileFacts): ArtifactAnswer {
  return { sha256, size, storedAt: isoMillis(modifiedAt) };
}
