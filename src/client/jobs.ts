import { Failure, isFailure } from '../errors/index.ts';
import { jobStopsPath, type DeviceJob, type Job, type JobStatus, type JobType } from '../protocol/job.ts';
import type { MethodRequest } from '../protocol/method.ts';
import type { TwinChange } from '../protocol/twin/document.ts';
import type { JsonValue } from '../std/json.ts';
import { parseAnswer } from './http/answer.ts';
import type { ServiceClient, ServiceRequest } from './http/service-client.ts';
import type { QueryRunner } from './service-api.ts';

/** A job as it is asked for. */
export interface JobRequest {
  readonly jobId: string;
  /** A condition over devices, `*`, or `FROM devices.modules WHERE …`. */
  readonly queryCondition: string;
  readonly action: { readonly twin: TwinChange } | { readonly method: MethodRequest };
  /** Unix milliseconds; now when absent. */
  readonly startTime?: number | undefined;
  readonly maxExecutionTimeInSeconds: number;
}

/** Jobs over many devices. Failures: not-found, conflict (the id is taken), throttled (too many are active). Source: service.md §6. */
export interface JobStore {
  create(job: JobRequest, signal?: AbortSignal): Promise<Job>;
  get(jobId: string, signal?: AbortSignal): Promise<Job>;
  /** A job that runs is stopped where the hub can do that (iotctl's own). Failure `conflict` when it is over, or runs elsewhere. */
  cancel(jobId: string, signal?: AbortSignal): Promise<Job>;
  list(filter?: { readonly status?: JobStatus; readonly type?: JobType }, signal?: AbortSignal): AsyncIterable<Job[]>;
  /** What a job made of each device, page by page. */
  devices(jobId: string, signal?: AbortSignal): AsyncIterable<DeviceJob[]>;
}

const extension = {
  name: 'the stop of a job that runs',
  instead: 'it cancels jobs that have not begun; one that runs ends by itself, at the latest with its --max-time',
} as const;

export function createJobStore(client: ServiceClient, queries: QueryRunner): JobStore {
  const one = async (request: ServiceRequest): Promise<Job> => parseAnswer(await client.request(request), isJob, 'job');

  async function find(jobId: string, signal?: AbortSignal): Promise<Job> {
    const job = await one({ method: 'GET', path: pathOf(jobId), action: `read job ${jobId}`, signal });
    // A job nobody knows is an answer too.
    if (job.status !== 'unknown') return job;
    throw new Failure('not-found', `there is no job ${jobId} on ${client.hostName}`, { hint: 'iotctl job list' });
  }

  return {
    async create(job, signal) {
      try {
        const action = `start job ${job.jobId}`;
        return await one({ method: 'PUT', path: pathOf(job.jobId), body: bodyOf(job), action, signal });
      } catch (error) {
        // The first try may have made it before its reply was lost.
        if (isFailure(error, 'conflict') && error.details['afterLostReply'] === true) return find(job.jobId, signal);
        throw error;
      }
    },
    get: find,
    async cancel(jobId, signal) {
      const action = `cancel job ${jobId}`;
      try {
        return await one({ method: 'POST', path: `${pathOf(jobId)}/cancel`, action, signal });
      } catch (error) {
        if (!isFailure(error) || error.details['hubError'] !== 'OperationNotAllowedInCurrentState') throw error;
        const { status } = await find(jobId, signal);
        if (status !== 'running') throw new Failure('conflict', `job ${jobId} is ${status} already`, { cause: error });
        const path = `${jobStopsPath}/${encodeURIComponent(jobId)}/stop`;
        return await one({ method: 'POST', path, action, signal, extension });
      }
    },
    list: (filter = {}, signal) => listJobs(client, filter, signal),
    async *devices(jobId, signal) {
      const query = `SELECT * FROM devices.jobs WHERE devices.jobs.jobId = '${jobId.replaceAll("'", "\\'")}'`;
      for await (const rows of queries.query(query, signal === undefined ? {} : { signal }))
        yield rows as unknown as DeviceJob[];
    },
  };
}

function pathOf(jobId: string): string {
  return `/jobs/v2/${encodeURIComponent(jobId)}`;
}

async function* listJobs(
  client: ServiceClient,
  { status, type }: { readonly status?: JobStatus; readonly type?: JobType },
  signal: AbortSignal | undefined,
): AsyncGenerator<Job[], void, undefined> {
  let continuation: string | undefined;
  do {
    const answer = await client.request({
      method: 'GET',
      path: '/jobs/v2/query',
      query: { ...(status !== undefined && { jobStatus: status }), ...(type !== undefined && { jobType: type }) },
      headers: continuation === undefined ? {} : { 'x-ms-continuation': continuation },
      action: 'list the jobs',
      signal,
    });
    const jobs = parseAnswer(answer, isJobList, 'list of jobs');
    if (jobs.length > 0) yield jobs;
    const next = answer.headers['x-ms-continuation'];
    continuation = typeof next === 'string' && next !== '' ? next : undefined;
  } while (continuation !== undefined);
}

function bodyOf({ jobId, queryCondition, action, startTime, maxExecutionTimeInSeconds }: JobRequest): JsonBody {
  return {
    jobId,
    queryCondition,
    startTime: startTime === undefined ? null : new Date(startTime).toISOString(),
    maxExecutionTimeInSeconds,
    ...('twin' in action
      ? { type: 'scheduleUpdateTwin', updateTwin: { etag: '*', ...action.twin } }
      : { type: 'scheduleDeviceMethod', cloudToDeviceMethod: action.method }),
  };
}

type JsonBody = Record<string, JsonValue | object>;

function isJob(value: object): value is Job {
  return 'jobId' in value && 'status' in value && typeof value.status === 'string';
}

function isJobList(value: object): value is Job[] {
  return Array.isArray(value);
}
