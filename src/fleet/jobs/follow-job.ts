import { isFinished, type DeviceJob, type Job } from '../../protocol/job.ts';
import { sleep, type Clock } from '../../std/clock.ts';
import { failureStatus } from '../commands/send-command.ts';
import type { Hub } from '../ports.ts';

/** Looks come quickly at first and then seldom enough for the cloud's limit of 100 operations a minute. */
const firstPauseMs = 200;
const longestPauseMs = 2_000;

/** The job as it is now and whenever it is looked at again, up to and including its end. */
export async function* followJob(
  hub: Pick<Hub, 'jobs'>,
  clock: Clock,
  jobId: string,
  signal?: AbortSignal,
): AsyncGenerator<Job, void, undefined> {
  for (let pause = firstPauseMs; ; pause = Math.min(longestPauseMs, pause * 2)) {
    const job = await hub.jobs.get(jobId, signal);
    yield job;
    if (isFinished(job.status)) return;
    await sleep(clock, pause, signal);
  }
}

/** True when the device did what the job asked: it took the change, or answered the command without a failure status. */
export function deviceSucceeded({ status, outcome }: DeviceJob): boolean {
  const answer = outcome.deviceMethodResponse;
  return status === 'completed' && (answer === null || answer.status < failureStatus);
}
