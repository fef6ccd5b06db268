import { createHash } from 'node:crypto';
import { toFailure } from '../../../errors/index.ts';
import { largestArtifact } from '../../../protocol/artifacts.ts';
import { HubError } from '../../../protocol/hub-errors.ts';
import type { ArtifactContent, ArtifactFileFacts, ArtifactFiles } from './service.ts';

/** So much stays free for the hub's own stores: an upload must not keep telemetry from disk. */
const reservedBytes = 64 * 1024 * 1024;
/** Others write at the same time. */
const checkEveryBytes = 16 * 1024 * 1024;

/**
 * Writes a body under its digest, durably. What breaks off or is something else leaves nothing. HubErrors ArgumentInvalid,
 * MessageTooLarge, InsufficientStorage.
 */
export async function receiveArtifact(
  files: ArtifactFiles,
  sha256: string,
  { bytes, length }: ArtifactContent,
): Promise<ArtifactFileFacts> {
  if (length < 1) throw new HubError('ArgumentInvalid', 'An artifact must not be empty.');
  if (length > largestArtifact)
    throw new HubError('MessageTooLarge', `An artifact must not be larger than ${largestArtifact} bytes.`);
  await checkRoom(files, length);
  const writer = await files.create().catch(refuseFullDisk);
  try {
    const digest = await write(
      bytes,
      length,
      (chunk) => writer.write(chunk),
      () => checkRoom(files, 0),
    );
    if (digest !== sha256)
      throw new HubError('ArgumentInvalid', `The content is not what its name says: its SHA-256 is ${digest}.`);
    return await writer.commit(sha256);
  } catch (error) {
    await writer.abort();
    return refuseFullDisk(error);
  }
}

async function write(
  bytes: AsyncIterable<Uint8Array>,
  length: number,
  store: (chunk: Uint8Array) => Promise<void>,
  checkAgain: () => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256');
  let size = 0;
  let checkedAt = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > length) break;
    if (size - checkedAt >= checkEveryBytes) {
      checkedAt = size;
      await checkAgain();
    }
    hash.update(chunk);
    await store(chunk);
  }
  if (size !== length) throw new HubError('ArgumentInvalid', `The content has not the length of ${length} bytes.`);
  return hash.digest('hex');
}

async function checkRoom(files: ArtifactFiles, coming: number): Promise<void> {
  if ((await files.free()) - coming < reservedBytes) throw noRoom();
}

function refuseFullDisk(error: unknown): never {
  if (!(error instanceof HubError) && toFailure(error).code === 'disk-full') throw noRoom();
  throw error;
}

function noRoom(): HubError {
  return new HubError('InsufficientStorage', 'The disk of the hub has no room for this, so nothing was stored.');
}
