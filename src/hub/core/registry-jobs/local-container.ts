import { BlobError } from '../blobs/errors.ts';
import { placeOfPath } from '../blobs/names.ts';
import type { BlobPermission, BlobService } from '../blobs/service.ts';
import type { BlobContainer } from './service.ts';

/**
 * The hub's own container behind an address; undefined when the address is not one that this hub has signed, whatever host it names.
 * What the signature does not allow is refused as it would be over the wire.
 */
export async function openLocalContainer(uri: string, blobs: BlobService): Promise<BlobContainer | undefined> {
  const url = new URL(uri);
  const place = placeOfPath(decodeURIComponent(url.pathname));
  if (place === undefined || place.blob !== undefined) return undefined;
  const { container } = place;
  const allowed = await allowedAt(blobs, container, url.searchParams);
  return allowed === undefined ? undefined : containerOf(blobs, container, allowed);
}

async function allowedAt(
  blobs: BlobService,
  container: string,
  query: URLSearchParams,
): Promise<ReadonlySet<BlobPermission> | undefined> {
  try {
    return await blobs.authorize({ container }, query);
  } catch (error) {
    if (error instanceof BlobError && error.code === 'AuthenticationFailed') return undefined;
    throw error;
  }
}

function containerOf(blobs: BlobService, container: string, allowed: ReadonlySet<BlobPermission>): BlobContainer {
  const demand = (permission: BlobPermission, what: string): void => {
    if (!allowed.has(permission)) throw new Error(`the signature of the container does not allow to ${what}`);
  };
  return {
    async write(blob, bytes) {
      demand('w', 'write');
      const description = { contentType: 'text/plain; charset=utf-8', metadata: {} };
      await blobs.put({ container, blob }, { bytes }, { description, conditions: {}, mayReplace: true });
    },
    async read(blob) {
      demand('r', 'read');
      try {
        const opened = await blobs.open({ container, blob });
        return { size: opened.properties.size, bytes: released(opened.bytes(0, opened.properties.size), opened) };
      } catch (error) {
        if (error instanceof BlobError && error.code === 'BlobNotFound') return undefined;
        throw error;
      }
    },
    async remove(blob) {
      demand('d', 'delete');
      await blobs.remove({ container, blob });
    },
  };
}

async function* released(
  bytes: AsyncIterable<Uint8Array>,
  opened: { release(): void },
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* bytes;
  } finally {
    opened.release();
  }
}
