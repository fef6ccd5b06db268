import { randomUUID } from 'node:crypto';
import { HubError } from '../../../protocol/hub-errors.ts';
import type { RegistryJob } from '../../../protocol/registry-job.ts';
import { isoMillis } from '../../../protocol/time.ts';
import type { Clock } from '../../../std/clock.ts';
import type { JsonObject } from '../../../std/json.ts';
import { messageOf } from '../../../std/message-of.ts';
import type { BlobService } from '../blobs/service.ts';
import type { DocumentStore } from '../ports.ts';
import { parseRegistryJob, type RegistryJobDraft } from './job-draft.ts';
import { openPlaces } from './places.ts';
import { runRegistryJob, type JobPlaces, type RunParts } from './run.ts';
import type { OpenContainer, RegistryJobService } from './service.ts';

export interface RegistryJobParts extends RunParts {
  readonly documents: DocumentStore;
  readonly blobs: BlobService;
  readonly openContainer: OpenContainer;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

export interface RunningRegistryJobs extends RegistryJobService {
  /** Ends a job that runs; it has failed when the hub is back. */
  close(): Promise<void>;
}

const collection = 'registry-jobs';
const mostKept = 100;

/** The job under way; the hub runs one at a time. */
interface ActiveJob {
  job: RegistryJob;
  readonly ending: AbortController;
  run: Promise<void>;
}

export function createRegistryJobs(parts: RegistryJobParts): RunningRegistryJobs {
  const { documents, clock, onError } = parts;
  let active: ActiveJob | undefined;
  let opening = false;
  const loaded = failUnfinished(documents, clock);
  loaded.catch(onError);

  async function start(draft: RegistryJobDraft, places: JobPlaces, ending: AbortController): Promise<RegistryJob> {
    const job = newJob(draft, clock.now());
    const started: ActiveJob = { job, ending, run: Promise.resolve() };
    active = started;
    try {
      await save(documents, job);
    } catch (error) {
      active = undefined;
      throw error;
    }
    started.run = work(started, draft, places).catch(onError);
    return job;
  }

  async function work(started: ActiveJob, draft: RegistryJobDraft, places: JobPlaces): Promise<void> {
    const { signal } = started.ending;
    const onProgress = (progress: number): void => void (started.job = { ...started.job, progress });
    try {
      started.job = { ...started.job, status: 'running' };
      await save(documents, started.job);
      await runRegistryJob(parts, draft, places, { signal, onProgress });
      signal.throwIfAborted();
      started.job = { ...started.job, status: 'completed', progress: 100 };
    } catch (error) {
      const failureReason = messageOf(error);
      started.job = signal.aborted
        ? { ...started.job, status: 'cancelled' }
        : { ...started.job, status: 'failed', failureReason };
    }
    try {
      // What the hub's stop broke off is found unfinished at the next start, and has failed then.
      if (signal.reason !== closing) await save(documents, { ...started.job, endTimeUtc: isoMillis(clock.now()) });
    } finally {
      // Also when its end cannot be stored: it must not stand in the way of all others.
      active = undefined;
    }
  }

  async function find(jobId: string): Promise<RegistryJob> {
    await loaded;
    if (active?.job.jobId === jobId) return active.job;
    const value = await documents.get(collection, jobId);
    if (value === undefined) throw new HubError('JobNotFound', `There is no job '${jobId}'.`);
    return value as unknown as RegistryJob;
  }

  return {
    async create(body) {
      const draft = parseRegistryJob(body);
      await loaded;
      if (active !== undefined || opening)
        throw new HubError('JobQuotaExceeded', 'Another import or export is under way.');
      opening = true;
      try {
        const ending = new AbortController();
        return await start(draft, await openPlaces(parts, draft, ending.signal), ending);
      } finally {
        opening = false;
      }
    },
    async list() {
      await loaded;
      const jobs = await storedJobs(documents);
      return jobs.map((job) => (active?.job.jobId === job.jobId ? active.job : job)).toSorted(byStart);
    },
    get: find,
    async cancel(jobId) {
      await find(jobId);
      if (active?.job.jobId !== jobId) return;
      const { ending, run } = active;
      ending.abort(new Error('the job was cancelled'));
      await run;
    },
    async close() {
      active?.ending.abort(closing);
      await active?.run;
      await loaded.catch(() => undefined);
    },
  };
}

const closing = new Error('the hub is stopping');

function newJob(draft: RegistryJobDraft, now: number): RegistryJob {
  const { type, input, inputBlobName, output, outputBlobName, includeConfigurations } = draft;
  return {
    jobId: randomUUID(),
    type,
    status: 'enqueued',
    progress: 0,
    startTimeUtc: isoMillis(now),
    ...(input !== undefined && { inputBlobContainerUri: withoutSignature(input), inputBlobName }),
    outputBlobContainerUri: withoutSignature(output),
    ...(outputBlobName !== undefined && { outputBlobName }),
    ...(type === 'export' && { excludeKeysInExport: draft.excludeKeys }),
    storageAuthenticationType: 'keyBased',
    includeConfigurations,
    ...(includeConfigurations && { configurationsBlobName: draft.configurationsBlobName }),
  };
}

/** An address as others may read it: the query holds the right to write there. */
function withoutSignature(uri: string): string {
  const { origin, pathname } = new URL(uri);
  return `${origin}${pathname}`;
}

async function save(documents: DocumentStore, job: RegistryJob): Promise<void> {
  await documents.write([{ kind: 'put', collection, id: job.jobId, value: { ...job } as unknown as JsonObject }]);
}

async function storedJobs(documents: DocumentStore): Promise<RegistryJob[]> {
  const stored = await documents.list(collection, { limit: 10 * mostKept });
  return stored.map(({ value }) => value as unknown as RegistryJob);
}

function byStart(left: RegistryJob, right: RegistryJob): number {
  return right.startTimeUtc.localeCompare(left.startTimeUtc);
}

/** At the start: what an earlier run did not finish has failed, and only the newest jobs are remembered. */
async function failUnfinished(documents: DocumentStore, clock: Clock): Promise<void> {
  const jobs = (await storedJobs(documents)).toSorted(byStart);
  for (const job of jobs.slice(0, mostKept)) {
    if (job.status !== 'enqueued' && job.status !== 'running') continue;
    const failureReason = 'the hub was stopped while the job ran';
    await save(documents, { ...job, status: 'failed', failureReason, endTimeUtc: isoMillis(clock.now()) });
  }
  await documents.write(jobs.slice(mostKept).map(({ jobId }) => ({ kind: 'delete', collection, id: jobId })));
}
