import { HubError } from '../../../protocol/hub-errors.ts';
import { createKeyedQueue } from '../keyed-queue.ts';
import type { DocumentStore } from '../ports.ts';
import { queryDeviceJobs } from './device-jobs.ts';
import { forgetOldJobs } from './history.ts';
import { parseJob } from './job-draft.ts';
import { jobCollections, recordChanges, toJobRecord, viewJob, type JobRecord } from './job-record.ts';
import { listJobs } from './list-jobs.ts';
import { abandonRest, reasonOf, runJob, type Interruption, type LiveJob, type RunParts } from './run-job.ts';
import type { JobService } from './service.ts';

export interface JobParts extends RunParts {
  /** Jobs that may be active at once, waiting ones included. */
  readonly maxActive: number;
  /** Told of failures that no caller waits for. */
  readonly onError: (error: unknown) => void;
}

export interface Jobs extends JobService {
  /** Breaks off what runs, at once; a hub that starts again takes it up. */
  close(): Promise<void>;
}

/** A job on its way, with what ends it early and what to wait for. */
interface ActiveJob extends LiveJob {
  readonly ending: AbortController;
  cancelTimer: () => void;
  run: Promise<void>;
}

/** A store that failed is asked again after this. */
const retryMs = 5_000;

/** Scheduled jobs. Everything is in the document store, so a hub that was stopped goes on where it was. Source: service.md §6. */
export function createJobs(parts: JobParts): Jobs {
  const { store, clock, onError } = parts;
  const { documents } = store;
  const queue = createKeyedQueue();
  const active = new Map<string, ActiveJob>();
  let closed = false;

  function schedule(record: JobRecord): void {
    const job: ActiveJob = {
      record,
      ending: new AbortController(),
      cancelTimer: () => undefined,
      run: Promise.resolve(),
    };
    active.set(record.jobId, job);
    beginAfter(job, Math.max(0, record.startTime - clock.now()));
  }

  function beginAfter(job: ActiveJob, ms: number): void {
    job.cancelTimer = clock.after(ms, () => void (job.run = begin(job)), { unref: true });
  }

  async function begin(job: ActiveJob): Promise<void> {
    try {
      job.record = { ...job.record, status: 'running' };
      await documents.write(recordChanges(job.record, true));
      const deadline = job.record.startTime + job.record.maxExecutionTimeInSeconds * 1_000;
      job.cancelTimer = clock.after(Math.max(0, deadline - clock.now()), () => job.ending.abort('late'), {
        unref: true,
      });
      await runToEnd(job);
    } catch (error) {
      onError(error);
      job.cancelTimer();
      // What it came to could not be stored: it goes on as after a restart, and does not stay active for ever.
      if (!closed) beginAfter(job, retryMs);
      return;
    }
    job.cancelTimer();
  }

  async function runToEnd(job: ActiveJob): Promise<void> {
    const { signal } = job.ending;
    try {
      await runJob(parts, job, signal);
    } catch (error) {
      const reason = signal.aborted ? (signal.reason as Interruption) : undefined;
      if (reason === 'closing' || closed) return;
      if (reason !== undefined) await abandonRest(parts, job, reason);
      if (reason === 'stopped') await finish(job, 'cancelled', null);
      else if (reason === 'late') await finish(job, 'failed', 'The maximum execution time of the job was over.');
      else await finish(job, 'failed', reasonOf(error));
      if (reason === undefined && !(error instanceof HubError)) onError(error);
      return;
    }
    await finish(job, 'completed', null);
  }

  async function finish(job: ActiveJob, status: JobRecord['status'], failureReason: string | null): Promise<void> {
    job.cancelTimer();
    job.record = { ...job.record, status, failureReason, endTime: clock.now() };
    await documents.write(recordChanges(job.record, false));
    active.delete(job.record.jobId);
  }

  async function load(): Promise<void> {
    const records = await loadActive(documents);
    if (closed) return;
    records.forEach(schedule);
    await forgetOldJobs(documents, clock.now());
  }
  const loaded = load();
  loaded.catch(onError);

  async function find(jobId: string): Promise<JobRecord | undefined> {
    await loaded;
    const job = active.get(jobId);
    if (job !== undefined) return job.record;
    const stored = await documents.get(jobCollections.jobs, jobId);
    return stored === undefined ? undefined : toJobRecord(stored);
  }

  async function waiting(jobId: string): Promise<ActiveJob> {
    const record = await find(jobId);
    if (record === undefined) throw new HubError('JobNotFound', `There is no job '${jobId}'.`);
    const job = active.get(jobId);
    if (job !== undefined) return job;
    throw new HubError('OperationNotAllowedInCurrentState', `The job '${jobId}' is ${record.status} already.`);
  }

  return {
    create: (jobId, body) =>
      queue.run([''], async () => {
        const record = parseJob(jobId, body, clock.now());
        if ((await find(jobId)) !== undefined)
          throw new HubError('JobAlreadyExists', `There is a job '${jobId}' already.`);
        if (active.size >= parts.maxActive)
          throw new HubError('ThrottlingMaxActiveJobCountExceeded', `${parts.maxActive} jobs are active already.`);
        const status = record.startTime > clock.now() ? 'scheduled' : 'queued';
        await documents.write(recordChanges({ ...record, status }, true));
        schedule({ ...record, status });
        return { ...viewJob(record), status: 'queued' };
      }),
    async get(jobId) {
      const record = await find(jobId);
      return record === undefined ? { jobId, type: 'unknown', status: 'unknown' } : viewJob(record);
    },
    cancel: (jobId) =>
      queue.run([jobId], async () => {
        const job = await waiting(jobId);
        if (job.record.status === 'running')
          throw new HubError('OperationNotAllowedInCurrentState', `The job '${jobId}' is running already.`);
        await finish(job, 'cancelled', null);
        return viewJob(job.record);
      }),
    stop: (jobId) =>
      queue.run([jobId], async () => {
        const job = await waiting(jobId);
        if (job.record.status !== 'running') await finish(job, 'cancelled', null);
        job.ending.abort('stopped');
        await job.run;
        return viewJob(job.record);
      }),
    async list(filter, page) {
      await loaded;
      return listJobs(documents, filter, page, (record) => active.get(record.jobId)?.record ?? record);
    },
    queryDevices: (query, page) => queryDeviceJobs(documents, query, page),
    async close() {
      closed = true;
      for (const job of active.values()) {
        job.cancelTimer();
        job.ending.abort('closing');
      }
      await loaded.catch(() => undefined);
      await Promise.all([...active.values()].map(({ run }) => run));
    },
  };
}

async function loadActive(documents: DocumentStore): Promise<JobRecord[]> {
  const ids = await documents.list(jobCollections.active, { limit: 10_000 });
  const values = await Promise.all(ids.map(({ id }) => documents.get(jobCollections.jobs, id)));
  return values.filter((value) => value !== undefined).map(toJobRecord);
}
