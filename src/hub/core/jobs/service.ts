/** Jobs as the fronts see them. Source: service.md §6.1, §6.2. */
import type { DeviceJob, Job, JobStatus, JobType, UnknownJob } from '../../../protocol/job.ts';
import type { Query } from '../../../protocol/query/index.ts';

/** A page of a listing. `next` continues it; undefined on the last page. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly next: string | undefined;
}

export interface PageRequest {
  readonly limit: number;
  readonly after?: string | undefined;
}

export interface JobService {
  /** `body` is untrusted JSON. HubErrors ArgumentInvalid, ArgumentNull, JobAlreadyExists, ThrottlingMaxActiveJobCountExceeded. */
  create(jobId: string, body: unknown): Promise<Job>;
  /** A job nobody knows is an answer, not an error. */
  get(jobId: string): Promise<Job | UnknownJob>;
  /** Of a job that has not begun. HubErrors JobNotFound, OperationNotAllowedInCurrentState. */
  cancel(jobId: string): Promise<Job>;
  /** Also of a job that runs: devices it has not reached are left alone. HubErrors as {@link cancel}. */
  stop(jobId: string): Promise<Job>;
  list(
    filter: { readonly status?: JobStatus | undefined; readonly type?: JobType | undefined },
    page: PageRequest,
  ): Promise<Page<Job>>;
  /** Rows of `devices.jobs`. HubError ArgumentInvalid for a token that is not of this query. */
  queryDevices(query: Query, page: PageRequest): Promise<Page<DeviceJob>>;
}
