import type { Job, JobStatus, JobType } from '../../../protocol/job.ts';
import { HubError } from '../../../protocol/hub-errors.ts';
import type { DocumentStore } from '../ports.ts';
import { jobCollections, toJobRecord, viewJob, type JobRecord } from './job-record.ts';
import type { Page, PageRequest } from './service.ts';

const scanPage = 200;

/** Jobs by id, as they are now. `current` gives a stored job as it is in memory when it is active. */
export async function listJobs(
  documents: DocumentStore,
  { status, type }: { readonly status?: JobStatus | undefined; readonly type?: JobType | undefined },
  { limit, after }: PageRequest,
  current: (record: JobRecord) => JobRecord,
): Promise<Page<Job>> {
  const rows: Job[] = [];
  let last = after === undefined ? undefined : readToken(after);
  for (;;) {
    const page = await documents.list(jobCollections.jobs, { limit: scanPage, after: last });
    for (const { id, value } of page) {
      if (rows.length === limit) return { rows, next: writeToken(last) };
      const record = current(toJobRecord(value));
      last = id;
      if ((status ?? record.status) === record.status && (type ?? record.type) === record.type)
        rows.push(viewJob(record));
    }
    if (page.length < scanPage) return { rows, next: undefined };
  }
}

function writeToken(id: string | undefined): string {
  return Buffer.from(`jobs ${id ?? ''}`).toString('base64url');
}

function readToken(token: string): string {
  const text = Buffer.from(token, 'base64url').toString('utf8');
  if (!text.startsWith('jobs ')) throw new HubError('ArgumentInvalid', 'The continuation token is not one of jobs.');
  return text.slice('jobs '.length);
}
