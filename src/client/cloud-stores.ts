/** Records and firmware files of a hub in the cloud, which has no place for either: a storage container that the operator names. */
import type { Connection } from '../config/profile.ts';
import { Failure } from '../errors/index.ts';
import type { ArtifactStore } from './artifacts.ts';
import type { ClientDependencies } from './http/service-client.ts';
import type { RecordStore } from './records.ts';

export interface CloudStores {
  readonly records: RecordStore;
  readonly artifacts: ArtifactStore;
}

/** Nothing is read or loaded before the first use. Failure `unsupported` then, when no container is named. */
export function createCloudStores(connection: Connection, dependencies: ClientDependencies): CloudStores {
  let opened: Promise<CloudStores> | undefined;
  const stores = (): Promise<CloudStores> => (opened ??= openStores(connection, dependencies));
  return {
    records: {
      read: async (...request) => (await stores()).records.read(...request),
      write: async (...request) => (await stores()).records.write(...request),
      remove: async (...request) => (await stores()).records.remove(...request),
      async *list(...request) {
        yield* (await stores()).records.list(...request);
      },
    },
    artifacts: {
      find: async (...request) => (await stores()).artifacts.find(...request),
      put: async (...request) => (await stores()).artifacts.put(...request),
      async *list(...request) {
        yield* (await stores()).artifacts.list(...request);
      },
      signUrl: async (...request) => (await stores()).artifacts.signUrl(...request),
    },
  };
}

async function openStores(connection: Connection, dependencies: ClientDependencies): Promise<CloudStores> {
  const { readStorageSettings, storageHint } = await import('./storage/settings.ts');
  const settings = await readStorageSettings(connection, dependencies.env ?? {});
  if (settings === undefined)
    throw new Failure(
      'unsupported',
      `${connection.hostName} keeps no records and no firmware files, and no storage is named for them`,
      {
        hint: storageHint,
      },
    );
  const { createBlobArtifactStore, createBlobRecordStore, openContainer } = await import('./storage/index.ts');
  const container = await openContainer(settings, dependencies);
  return { records: createBlobRecordStore(container), artifacts: createBlobArtifactStore(container) };
}
