import { DatabaseError } from './thread/errors.ts';
import type { ChangeResult, Job, JobNote, JobResult } from './thread/messages.ts';

interface Pending {
  readonly job: Job;
  readonly note: JobNote | undefined;
  readonly resolve: (results: readonly ChangeResult[]) => void;
  readonly reject: (error: Error) => void;
}

/** `notes`, by the places of their jobs, are there when a job has one. */
type Commit = (jobs: readonly Job[], notes?: readonly (JobNote | undefined)[]) => Promise<readonly JobResult[]>;

/** At most this many changes in one transaction, so that one commit stays short; a single larger job goes alone. */
const batchLimit = 5_000;

/**
 * Shares commits: jobs that come while a commit runs go into the next one, together. A job's promise settles after the commit
 * that holds it, so "resolved" means "on disk".
 */
export class GroupCommit {
  readonly #commit: Commit;
  #queue: Pending[] = [];
  #running: Promise<void> | undefined;

  constructor(commit: Commit) {
    this.#commit = commit;
  }

  /** `note` goes into the audit with the job. */
  submit(job: Job, note?: JobNote): Promise<readonly ChangeResult[]> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ job, note, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing is left to commit. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // Jobs of the same turn of the event loop share the first commit too.
    await Promise.resolve();
    while (this.#queue.length > 0) await this.#commitBatch(this.#takeBatch());
    this.#running = undefined;
  }

  #takeBatch(): Pending[] {
    let changes = 0;
    const end = this.#queue.findIndex((pending, index) => {
      changes += pending.job.length;
      return index > 0 && changes > batchLimit;
    });
    return this.#queue.splice(0, end < 0 ? this.#queue.length : end);
  }

  async #commitBatch(batch: readonly Pending[]): Promise<void> {
    try {
      const jobs = batch.map(({ job }) => job);
      const noted = batch.some(({ note }) => note !== undefined);
      const results = await (noted
        ? this.#commit(
            jobs,
            batch.map(({ note }) => note),
          )
        : this.#commit(jobs));
      for (const [index, pending] of batch.entries()) settle(pending, results[index]);
    } catch (error) {
      for (const { reject } of batch) reject(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

function settle(pending: Pending, result: JobResult | undefined): void {
  if (result === undefined) pending.reject(new Error('the database thread gave no result'));
  else if ('error' in result) pending.reject(new DatabaseError(result.error.code, result.error.message));
  else pending.resolve(result.results);
}
