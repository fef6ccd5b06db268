import { isFinished } from '../../../protocol/job.ts';
import type { DocumentStore } from '../ports.ts';
import { removeDeviceJobs } from './device-jobs.ts';
import { jobCollections, toJobRecord } from './job-record.ts';

/** How long a job can be looked up after its end. Source: service.md §6.1. */
const keptMs = 30 * 24 * 3_600_000;
const pageSize = 200;

/** Removes jobs that ended long ago, with what they made of each device. */
export async function forgetOldJobs(documents: DocumentStore, now: number): Promise<void> {
  let after: string | undefined;
  do {
    const page = await documents.list(jobCollections.jobs, { limit: pageSize, after });
    for (const { id, value } of page) {
      const { status, endTime } = toJobRecord(value);
      if (!isFinished(status) || now - endTime < keptMs) continue;
      await removeDeviceJobs(documents, id, pageSize);
      await documents.write([{ kind: 'delete', collection: jobCollections.jobs, id }]);
    }
    after = page.length < pageSize ? undefined : page.at(-1)?.id;
  } while (after !== undefined);
}
