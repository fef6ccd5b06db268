/** Import and export of the whole registry through blobs, as it goes over the wire. Source: service.md §6.3. */

export const registryJobTypes = ['import', 'export'] as const;
export type RegistryJobType = (typeof registryJobTypes)[number];

export type RegistryJobStatus = 'enqueued' | 'running' | 'completed' | 'failed' | 'cancelled';

/** A job as `GET /jobs/{id}` answers it. Addresses come without their signatures. */
export interface RegistryJob {
  readonly jobId: string;
  readonly type: RegistryJobType;
  readonly status: RegistryJobStatus;
  /** 0 to 100. */
  readonly progress: number;
  /** ISO 8601. */
  readonly startTimeUtc: string;
  readonly endTimeUtc?: string | undefined;
  readonly inputBlobContainerUri?: string | undefined;
  readonly inputBlobName?: string | undefined;
  readonly outputBlobContainerUri: string;
  readonly outputBlobName?: string | undefined;
  readonly excludeKeysInExport?: boolean | undefined;
  readonly storageAuthenticationType: 'keyBased';
  readonly includeConfigurations: boolean;
  readonly configurationsBlobName?: string | undefined;
  readonly failureReason?: string | undefined;
}
