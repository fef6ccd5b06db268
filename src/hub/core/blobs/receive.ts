import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { BlobError } from './errors.ts';
import type { BlobContent, BlobFiles } from './service.ts';

/** A body that is on disk and not yet part of anything. */
export interface Received {
  /** Undefined for an empty body. */
  readonly file: string | undefined;
  readonly size: number;
  /** Base64. */
  readonly md5: string;
  /** CRC-32, kept beside the name of the file: what the disk changes afterwards shows. */
  readonly checksum: number;
}

/** So much stays free for the hub's own stores: an upload must not keep telemetry from disk. */
const reservedBytes = 64 * 1024 * 1024;
/** Others write at the same time, and not every body says its length. */
const checkEveryBytes = 16 * 1024 * 1024;

/**
 * Writes a body to a file of its own, durably. What breaks off leaves nothing. BlobErrors RequestBodyTooLarge, Md5Mismatch,
 * RequestBodyIncomplete, InsufficientStorage.
 */
export async function receive(files: BlobFiles, content: BlobContent, maxBytes: number): Promise<Received> {
  const { bytes, length, md5 } = content;
  if (length !== undefined && length > maxBytes) throw tooLarge(maxBytes);
  await checkRoom(files, length ?? 0);
  let checkedAt = 0;
  const hash = createHash('md5');
  let size = 0;
  let checksum = 0;
  const writer = await files.create();
  try {
    for await (const chunk of bytes) {
      size += chunk.length;
      if (size > maxBytes) throw tooLarge(maxBytes);
      if (size - checkedAt >= checkEveryBytes) {
        checkedAt = size;
        await checkRoom(files, 0);
      }
      hash.update(chunk);
      checksum = crc32(chunk, checksum);
      await writer.write(chunk);
    }
    if (length !== undefined && size !== length)
      throw new BlobError('RequestBodyIncomplete', 'The body ended before its announced length.');
    const digest = hash.digest('base64');
    if (md5 !== undefined && md5 !== digest)
      throw new BlobError('Md5Mismatch', 'The MD5 of the body is not the one in the request.');
    if (size === 0) {
      await writer.abort();
      return { file: undefined, size, md5: digest, checksum };
    }
    await writer.commit();
    return { file: writer.file, size, md5: digest, checksum };
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

async function checkRoom(files: BlobFiles, coming: number): Promise<void> {
  if ((await files.free()) - coming < reservedBytes)
    throw new BlobError('InsufficientStorage', 'The disk of the hub has no room for this.');
}

function tooLarge(maxBytes: number): BlobError {
  return new BlobError(
    'RequestBodyTooLarge',
    `The body is larger than the ${maxBytes} bytes that one request may carry.`,
  );
}
