/** The blob endpoint over a plain port, with its files in a temporary directory. */
import { createServer, type Server } from 'node:http';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBlobFront } from '../../src/hub/blob/index.ts';
import { createBlobs } from '../../src/hub/core/blobs/blobs.ts';
import { blobPath } from '../../src/hub/core/blobs/names.ts';
import type { BlobPermission, BlobService } from '../../src/hub/core/blobs/service.ts';
import { silentLog } from '../../src/hub/log.ts';
import { createBlobFiles } from '../../src/hub/store/blobs/index.ts';
import { openRegistryStore } from '../../src/hub/store/sqlite/index.ts';
import { fakeClock, type FakeClock } from './fake-clock.ts';

export interface BlobServer {
  readonly blobs: BlobService;
  readonly clock: FakeClock;
  /** What failed where no caller waits. */
  readonly errors: unknown[];
  readonly origin: string;
  /** Where the files are. */
  readonly directory: string;
  /** The address of a blob, or of its container, with a signature. */
  sign(container: string, blob: string | undefined, permissions: string, expiresAt?: number): Promise<string>;
  /** Names of the files on disk. */
  files(): Promise<string[]>;
  close(): Promise<void>;
}

export async function openBlobServer(): Promise<BlobServer> {
  const directory = await mkdtemp(join(tmpdir(), 'iotctl-blobs-'));
  const store = await openRegistryStore({ file: ':memory:' });
  const clock = fakeClock();
  const errors: unknown[] = [];
  const files = createBlobFiles(directory);
  const blobs = createBlobs({ store, files, clock, onError: (error) => errors.push(error) });
  const server = await listen(createServer(createBlobFront({ blobs, clock, log: silentLog })));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    blobs,
    clock,
    errors,
    origin,
    directory,
    async sign(container, blob, permissions, expiresAt = clock.now() + 3_600_000) {
      const query = await blobs.sign({
        container,
        blob,
        permissions: permissions.split('') as BlobPermission[],
        expiresAt,
      });
      return `${origin}${blobPath({ container, blob })}${query}`;
    },
    files: () => readdir(directory).catch(() => []),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await blobs.close();
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function listen(server: Server): Promise<Server> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}
