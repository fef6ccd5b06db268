import { createHash } from 'node:crypto';
import { Failure, isFailure } from '../../errors/index.ts';
import { isArtifactName } from '../../protocol/artifacts.ts';
import { checkArtifactName, type ArtifactStore, type StoredArtifact } from '../artifacts.ts';
import { abortBy } from './blob-records.ts';
import type { Container } from './container.ts';
import { withoutTrailing } from '../../std/without-trailing.ts';

const folder = 'artifacts/';
/** What is in memory of a file at once. A blob has at most 50,000 blocks. */
const smallestBlock = 8 * 1024 * 1024;
const mostBlocks = 50_000;

/** Firmware files as blobs of a container. A file becomes a blob when its last byte is there and the digest is right. */
export function createBlobArtifactStore({ client, attempt, readUrl, clock }: Container): ArtifactStore {
  const blobOf = (sha256: string) => {
    checkArtifactName(sha256);
    return client.getBlockBlobClient(`${folder}${sha256}`);
  };

  const find: ArtifactStore['find'] = async (sha256, signal) => {
    const blob = blobOf(sha256);
    try {
      const action = `look for the firmware file ${sha256}`;
      const { result } = await attempt(action, () => blob.getProperties(abortBy(signal)), signal);
      return storedOf(sha256, result.contentLength, result.lastModified);
    } catch (error) {
      if (isFailure(error, 'not-found')) return undefined;
      throw error;
    }
  };

  return {
    find,
    async put({ sha256, size }, content, { signal, onProgress } = {}) {
      const there = await find(sha256, signal);
      if (there !== undefined) return there;
      const blob = blobOf(sha256);
      const action = `store the firmware file ${sha256}`;
      const ids: string[] = [];
      let sent = 0;
      for await (const block of verified(content(), { sha256, size })) {
        const id = Buffer.from(String(ids.length).padStart(8, '0')).toString('base64');
        await attempt(action, () => blob.stageBlock(id, block, block.length, abortBy(signal)), signal);
        ids.push(id);
        sent += block.length;
        onProgress?.(sent);
      }
      const options = {
        conditions: { ifNoneMatch: '*' },
        blobHTTPHeaders: { blobContentType: 'application/octet-stream' },
        ...abortBy(signal),
      };
      try {
        await attempt(action, () => blob.commitBlockList(ids, options), signal);
      } catch (error) {
        // Somebody else was faster, or an earlier try of this: either way the file is there.
        if (!isFailure(error, 'changed-meanwhile')) throw error;
      }
      return (await find(sha256, signal)) ?? storedOf(sha256, size, undefined);
    },
    async *list(signal) {
      for await (const { name, properties } of client.listBlobsFlat({ prefix: folder, ...abortBy(signal) })) {
        const sha256 = name.slice(folder.length);
        if (isArtifactName(sha256)) yield storedOf(sha256, properties.contentLength, properties.lastModified);
      }
    },
    async signUrl(sha256, expiresAt, signal) {
      if (readUrl === undefined)
        throw new Failure(
          'unsupported',
          'devices cannot be given the address of the storage: it allows more than to read',
          {
            hint: 'set IOTCTL_STORAGE_READ_URL to the address of the same container with a signature that only reads',
          },
        );
      const until = Date.parse(readUrl.searchParams.get('se') ?? '');
      if (until < expiresAt || until <= clock.now())
        throw new Failure(
          'invalid-config',
          `the signature of the storage address to read ends at ${new Date(until).toISOString()}, before ${new Date(expiresAt).toISOString()}`,
          { hint: 'make one that lasts longer, and set IOTCTL_STORAGE_READ_URL to it' },
        );
      if ((await find(sha256, signal)) === undefined)
        throw new Failure('not-found', `there is no firmware file ${sha256} in the storage`, {
          hint: 'iotctl firmware add',
        });
      const url = new URL(readUrl);
      url.pathname = `${withoutTrailing(readUrl.pathname, '/')}/${folder}${sha256}`;
      return url.href;
    },
  };
}

function storedOf(sha256: string, size: number | undefined, storedAt: Date | undefined): StoredArtifact {
  return { sha256, size: size ?? 0, storedAt: (storedAt ?? new Date(0)).toISOString() };
}

/** The bytes in blocks. Failure invalid-input, before the last block leaves, when they are not what their name says. */
async function* verified(
  bytes: AsyncIterable<Uint8Array>,
  { sha256, size }: { readonly sha256: string; readonly size: number },
): AsyncGenerator<Buffer, void, undefined> {
  const blockBytes = Math.max(smallestBlock, Math.ceil(size / mostBlocks));
  const hash = createHash('sha256');
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let total = 0;
  for await (const chunk of bytes) {
    hash.update(chunk);
    total += chunk.length;
    if (total > size) break;
    waiting.push(chunk);
    waitingBytes += chunk.length;
    if (waitingBytes < blockBytes || total === size) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    waitingBytes = 0;
  }
  if (total !== size) throw new Failure('invalid-input', `the file has not the length of ${size} bytes`);
  const digest = hash.digest('hex');
  if (digest !== sha256)
    throw new Failure('invalid-input', `the file is not what its name says: its SHA-256 is ${digest}`);
  yield Buffer.concat(waiting);
}
