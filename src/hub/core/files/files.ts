import { HubError } from '../../../protocol/hub-errors.ts';
import type { Clock } from '../../../std/clock.ts';
import { createBlobs } from '../blobs/blobs.ts';
import type { BlobFiles, BlobService } from '../blobs/service.ts';
import type { ConfigurationService } from '../configurations/service.ts';
import type { ServiceQueue } from '../messages/service.ts';
import type { RegistryStore } from '../ports.ts';
import { createRegistryJobs } from '../registry-jobs/registry-jobs.ts';
import type { OpenContainer, RegistryJobService } from '../registry-jobs/service.ts';
import type { RegistryService } from '../services.ts';
import { notificationType, type UploadService } from '../uploads/service.ts';
import { createUploads } from '../uploads/uploads.ts';

/** What the hub does with files. */
export interface FileServices {
  /** Undefined for a hub without a place for files; uploads and jobs are refused then. */
  readonly blobs: BlobService | undefined;
  readonly uploads: UploadService;
  readonly registryJobs: RegistryJobService;
}

/** Where files are kept, here and elsewhere. */
export interface FileStorage {
  readonly blobs: BlobFiles;
  readonly openContainer: OpenContainer;
}

interface FileParts {
  readonly store: RegistryStore;
  readonly storage: FileStorage | undefined;
  readonly notifications: Pick<ServiceQueue, 'put'>;
  readonly registry: Pick<RegistryService, 'bulk' | 'get'>;
  readonly configurations: Pick<ConfigurationService, 'list' | 'put'>;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

export interface RunningFiles extends FileServices {
  close(): Promise<void>;
}

export function createFiles(parts: FileParts): RunningFiles {
  const { store, storage, notifications, clock, onError } = parts;
  if (storage === undefined) return noFiles;
  const { documents } = store;
  const blobs = createBlobs({ store, files: storage.blobs, clock, onError });
  const registryJobs = createRegistryJobs({ ...parts, documents, blobs, openContainer: storage.openContainer });
  return {
    blobs,
    registryJobs,
    uploads: createUploads({
      documents,
      blobs,
      clock,
      notify: (notice) => notifications.put(notificationType, Buffer.from(JSON.stringify(notice))),
    }),
    async close() {
      await registryJobs.close();
      await blobs.close();
    },
  };
}

const noFiles: RunningFiles = {
  blobs: undefined,
  uploads: { grant: refuse, finish: refuse },
  registryJobs: { create: refuse, list: refuse, get: refuse, cancel: refuse },
  close: () => Promise.resolve(),
};

function refuse(): never {
  throw new HubError('DefaultStorageEndpointNotConfigured', 'This hub has no place for files.');
}
