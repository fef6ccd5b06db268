import { randomUUID } from 'node:crypto';
import { HubError } from '../../../protocol/hub-errors.ts';
import { isoMillis } from '../../../protocol/time.ts';
import type { Clock } from '../../../std/clock.ts';
import type { JsonObject } from '../../../std/json.ts';
import { BlobError } from '../blobs/errors.ts';
import { blobNameProblem, blobPath } from '../blobs/names.ts';
import { blobAccount, uploadContainer, type BlobProperties, type BlobService } from '../blobs/service.ts';
import { createKeyedQueue } from '../keyed-queue.ts';
import type { DocumentStore, StoredDocument } from '../ports.ts';
import { fieldsOf, stringField } from '../untrusted.ts';
import type { NotifyUpload, UploadService } from './service.ts';

interface UploadParts {
  readonly documents: DocumentStore;
  readonly blobs: BlobService;
  readonly notify: NotifyUpload;
  readonly clock: Clock;
}

const collection = 'uploads';
/** Of a device, at once. Source: device.md §10. */
const mostActive = 10;
const lifeMs = 3_600_000;
/** For so long a late notice is answered with "expired" instead of "unknown". */
const rememberedMs = 86_400_000;

/** A granted upload that has not been finished. */
interface Upload {
  readonly blobName: string;
  readonly host: string;
  readonly expiresAt: number;
}

export function createUploads({ documents, blobs, notify, clock }: UploadParts): UploadService {
  const queue = createKeyedQueue();

  /** Uploads that still run; forgets those that nobody will ask about any more. */
  async function countActive(deviceId: string): Promise<number> {
    const now = clock.now();
    const found = await documents.list(collection, { limit: 1_000, prefix: `${deviceId}/` });
    const old = found.filter((document) => uploadOf(document).expiresAt + rememberedMs < now);
    await documents.write(old.map(({ id }) => ({ kind: 'delete', collection, id })));
    return found.filter((document) => uploadOf(document).expiresAt > now).length;
  }

  async function find(deviceId: string, correlationId: string): Promise<Upload> {
    const value = await documents.get(collection, `${deviceId}/${correlationId}`);
    if (value === undefined)
      throw new HubError('InvalidFileUploadCorrelationId', 'There is no upload with this correlation id.');
    return uploadOf({ id: correlationId, value });
  }

  return {
    grant(deviceId, body, host) {
      const blobName = `${deviceId}/${readBlobName(body)}`;
      const problem = blobNameProblem(blobName);
      if (problem !== undefined) throw new HubError('ArgumentInvalid', `blobName ${problem}.`);
      return queue.run([deviceId], async () => {
        if ((await countActive(deviceId)) >= mostActive) {
          throw new HubError(
            'DeviceMaximumActiveFileUploadLimitExceeded',
            `Device '${deviceId}' has ${mostActive} uploads under way, which is the most it may have.`,
          );
        }
        const expiresAt = clock.now() + lifeMs;
        const correlationId = randomUUID();
        const sasToken = await blobs.sign({
          container: uploadContainer,
          blob: blobName,
          permissions: ['r', 'w'],
          expiresAt,
        });
        const value: JsonObject = { blobName, host, expiresAt };
        await documents.write([{ kind: 'put', collection, id: `${deviceId}/${correlationId}`, value }]);
        return {
          correlationId,
          hostName: host,
          // Clients put the parts together as they are, so the account's segment can come along with the container.
          containerName: `${blobAccount}/${uploadContainer}`,
          blobName,
          sasToken,
        };
      });
    },
    finish(deviceId, fromPath, body) {
      const notice = readNotice(body);
      const correlationId = fromPath ?? notice.correlationId;
      if (correlationId === undefined || correlationId === '')
        throw new HubError('InvalidFileUploadCorrelationId', 'The notice has no correlation id.');
      return queue.run([deviceId], async () => {
        const upload = await find(deviceId, correlationId);
        const id = `${deviceId}/${correlationId}`;
        if (upload.expiresAt <= clock.now()) {
          await documents.write([{ kind: 'delete', collection, id }]);
          throw new HubError('ExpiredFileUploadCorrelationId', 'The upload was not finished in time.');
        }
        if (notice.isSuccess) await notify(noticeOf(deviceId, upload, await uploadedBlob(blobs, upload), clock.now()));
        await documents.write([{ kind: 'delete', collection, id }]);
      });
    },
  };
}

function readBlobName(body: unknown): string {
  const name = stringField(fieldsOf(body, 'The request'), 'blobName') ?? '';
  if (name === '') throw new HubError('ArgumentNull', 'blobName is missing.');
  return name;
}

function readNotice(body: unknown): { readonly correlationId: string | undefined; readonly isSuccess: boolean } {
  const fields = fieldsOf(body, 'The notice');
  const isSuccess = fields.get('isSuccess');
  if (typeof isSuccess !== 'boolean')
    throw new HubError('InvalidFileUploadCompletionStatus', 'isSuccess must be true or false.');
  return { correlationId: stringField(fields, 'correlationId'), isSuccess };
}

/** What the device says was uploaded. A success without a blob is refused: the back end would look for it in vain. */
async function uploadedBlob(blobs: BlobService, { blobName }: Upload): Promise<BlobProperties> {
  try {
    return await blobs.properties({ container: uploadContainer, blob: blobName });
  } catch (error) {
    if (!(error instanceof BlobError)) throw error;
    throw new HubError(
      'InvalidFileUploadCompletionStatus',
      'The upload is said to have succeeded, but no blob is there.',
    );
  }
}

function noticeOf(
  deviceId: string,
  { host, blobName }: Upload,
  { modifiedAt, size }: BlobProperties,
  now: number,
): Parameters<NotifyUpload>[0] {
  return {
    deviceId,
    blobUri: `https://${host}${blobPath({ container: uploadContainer, blob: blobName })}`,
    blobName,
    lastUpdatedTime: isoMillis(modifiedAt),
    blobSizeInBytes: size,
    enqueuedTimeUtc: isoMillis(now),
  };
}

function uploadOf({ value }: StoredDocument): Upload {
  return value as unknown as Upload;
}
