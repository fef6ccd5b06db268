import { HubError } from '../../../protocol/hub-errors.ts';
import type { Clock } from '../../../std/clock.ts';
import { createBlobs, type RunningBlobs } from '../blobs/blobs.ts';
import type { BlobFiles, BlobService } from '../blobs/service.ts';
import type { ServiceQueue } from '../messages/service.ts';
import type { RegistryStore } from '../ports.ts';
import { notificationType, type UploadService } from '../uploads/service.ts';
import { createUploads } from '../uploads/uploads.ts';

/** What the hub does with files. */
export interface FileServices {
  /** Undefined for a hub without a place for files; uploads are refused then. */
  readonly blobs: BlobService | undefined;
  readonly uploads: UploadService;
}

interface FileParts {
  readonly store: RegistryStore;
  readonly blobFiles: BlobFiles | undefined;
  readonly notifications: Pick<ServiceQueue, 'put'>;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

export interface RunningFiles extends FileServices {
  close(): Promise<void>;
}

export function createFiles({ store, blobFiles, notifications, clock, onError }: FileParts): RunningFiles {
  const blobs: RunningBlobs | undefined =
    blobFiles === undefined ? undefined : createBlobs({ store, files: blobFiles, clock, onError });
  const uploads =
    blobs === undefined
      ? noUploads
      : createUploads({
          documents: store.documents,
          blobs,
          clock,
          notify: (notice) => notifications.put(notificationType, Buffer.from(JSON.stringify(notice))),
        });
  return {
    blobs,
    uploads,
    async close() {
      await blobs?.close();
    },
  };
}

const noUploads: UploadService = { grant: refuseUpload, finish: refuseUpload };

function refuseUpload(): never {
  throw new HubError('DefaultStorageEndpointNotConfigured', 'This hub has no place for uploaded files.');
}
