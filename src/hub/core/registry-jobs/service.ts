/** Import and export jobs as the fronts see them. Source: service.md §6.3. */
import type { RegistryJob } from '../../../protocol/registry-job.ts';

export interface RegistryJobService {
  /** `body` is untrusted JSON. HubErrors ArgumentInvalid, BlobContainerValidationError, JobQuotaExceeded, ManagedIdentityNotEnabled. */
  create(body: unknown): Promise<RegistryJob>;
  /** The newest first. */
  list(): Promise<readonly RegistryJob[]>;
  /** HubError JobNotFound. */
  get(jobId: string): Promise<RegistryJob>;
  /** Ends a job that runs; one that is over stays as it is. HubError JobNotFound. */
  cancel(jobId: string): Promise<void>;
}

/** A place for files somewhere, by an address that carries its own right. Failures of the other side are errors with plain texts. */
export interface BlobContainer {
  write(name: string, bytes: AsyncIterable<Uint8Array>): Promise<void>;
  /** Undefined when there is no such blob. */
  read(name: string): Promise<{ readonly size: number; readonly bytes: AsyncIterable<Uint8Array> } | undefined>;
  remove(name: string): Promise<void>;
}

/** Reaches a container at another place, until the signal aborts. Throws an Error whose text says what is wrong with the address. */
export type OpenContainer = (uri: string, signal: AbortSignal) => BlobContainer;
