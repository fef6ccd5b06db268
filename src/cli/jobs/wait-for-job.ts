import { Failure, toFailure } from '../../errors/index.ts';
import { deviceSucceeded, followJob } from '../../fleet/jobs/follow-job.ts';
import type { Hub } from '../../fleet/ports.ts';
import type { DeviceJob, Job } from '../../protocol/job.ts';
import type { CommandContext } from '../context.ts';
import { deviceJobView } from '../views/job-view.ts';

interface WaitOptions {
  /** Devices it is about, as far as is known. */
  readonly total: number;
  /** End the job when this program is interrupted. */
  readonly cancelOnInterrupt: boolean;
}

/**
 * Follows a job to its end, then gives what it made of each device. Failures: partial, job-failed, conflict (it was cancelled); an
 * interruption leaves the job running and says how to look again.
 */
export async function waitForJob(context: CommandContext, jobId: string, options: WaitOptions): Promise<void> {
  const hub = await context.hub();
  const job = await watch(context, hub, jobId, options);
  const counts = { total: 0, failed: 0 };
  await context.output.list(counted(hub.jobs.devices(jobId, context.signal), counts), deviceJobView);
  const failure = failureOf(job, counts);
  if (failure !== undefined) throw failure;
}

async function watch(context: CommandContext, hub: Hub, jobId: string, options: WaitOptions): Promise<Job> {
  const progress = context.notes.progress(jobId, options.total);
  let done = 0;
  let last: Job | undefined;
  try {
    for await (const job of followJob(hub, context.clock, jobId, context.signal)) {
      last = job;
      const { succeededCount = 0, failedCount = 0 } = job.deviceJobStatistics ?? {};
      progress.advance(Math.max(0, succeededCount + failedCount - done));
      done = Math.max(done, succeededCount + failedCount);
      progress.say(describe(job));
    }
  } catch (error) {
    progress.done(`${jobId}: ${last === undefined ? 'started' : describe(last)}`);
    if (context.signal.aborted) await leave(context, hub, jobId, options);
    throw error;
  }
  if (last === undefined) throw new Failure('bug', 'a job was followed to its end without a look at it');
  progress.done(`${jobId}: ${describe(last)}`);
  return last;
}

/** The job does not need this program: it goes on unless that was not wanted. */
async function leave(context: CommandContext, hub: Hub, jobId: string, options: WaitOptions): Promise<void> {
  if (!options.cancelOnInterrupt) {
    context.notes.info(`the job goes on; look at it with: iotctl job show ${jobId} --devices`);
    return;
  }
  try {
    await hub.jobs.cancel(jobId);
    context.notes.info(`the job is cancelled; iotctl job show ${jobId} --devices tells how far it came`);
  } catch (error) {
    context.notes.warn(`the job could not be cancelled and goes on: ${toFailure(error).message}`);
  }
}

function describe({ status, startTime, deviceJobStatistics: counts }: Job): string {
  if (status === 'scheduled') return `scheduled for ${startTime.replace(/\.\d+Z$/, 'Z')}`;
  if (counts === undefined || counts.deviceCount === 0) return status;
  return `${status}, ${counts.succeededCount} of ${counts.deviceCount} succeeded, ${counts.failedCount} failed`;
}

async function* counted(
  pages: AsyncIterable<readonly DeviceJob[]>,
  counts: { total: number; failed: number },
): AsyncGenerator<DeviceJob, void, undefined> {
  for await (const page of pages) {
    for (const row of page) {
      counts.total++;
      if (!deviceSucceeded(row)) counts.failed++;
      yield row;
    }
  }
}

function failureOf(
  { jobId, status, failureReason }: Job,
  counts: { total: number; failed: number },
): Failure | undefined {
  const details = { jobId, ...counts };
  if (status === 'cancelled') return new Failure('conflict', `job ${jobId} was cancelled`, { details });
  if (status === 'failed')
    return new Failure('job-failed', `job ${jobId} failed: ${failureReason ?? 'the hub gives no reason'}`, { details });
  if (counts.failed === 0) return undefined;
  return new Failure('partial', `job ${jobId} failed on ${counts.failed} of ${counts.total} devices`, { details });
}
