import { deviceSucceeded } from '../../fleet/jobs/follow-job.ts';
import { identityPath } from '../../protocol/identity-path.ts';
import type { DeviceJob, Job } from '../../protocol/job.ts';
import { formatDuration } from '../../std/duration.ts';
import type { DocumentView, ListView, Tone } from '../output/output.ts';
import { whenText } from './when-text.ts';

const actions = { scheduleUpdateTwin: 'twin', scheduleDeviceMethod: 'command' } as const;

function actionOf({ type, cloudToDeviceMethod }: Job): string {
  return cloudToDeviceMethod === undefined ? actions[type] : `command ${cloudToDeviceMethod.methodName}`;
}

function toneOf({ status, deviceJobStatistics }: Job): Tone {
  if (status === 'failed' || status === 'cancelled') return 'bad';
  if (status !== 'completed') return 'warn';
  return (deviceJobStatistics?.failedCount ?? 0) > 0 ? 'warn' : 'good';
}

/** Jobs; the time until and since they begin counts from `now`, Unix milliseconds. */
export function jobListView(now: number): ListView<Job> {
  return {
    columns: [
      { header: 'JOB', value: ({ jobId }) => jobId, tone: () => 'accent' },
      { header: 'ACTION', value: actionOf },
      { header: 'STATUS', value: ({ status }) => status, tone: toneOf },
      { header: 'FAILED', value: failedText, align: 'right' },
      { header: 'START', value: ({ startTime }) => whenText(startTime, now), align: 'right' },
      {
        header: 'DEVICES',
        value: ({ deviceJobStatistics }) => deviceJobStatistics?.deviceCount,
        align: 'right',
        wide: true,
      },
      {
        header: 'SUCCEEDED',
        value: ({ deviceJobStatistics }) => deviceJobStatistics?.succeededCount,
        align: 'right',
        wide: true,
      },
      { header: 'START AT', value: ({ startTime }) => startTime, wide: true },
      { header: 'CONDITION', value: ({ queryCondition }) => queryCondition, wide: true },
      { header: 'REASON', value: ({ failureReason }) => failureReason, wide: true },
    ],
    json: (job) => job,
    name: ({ jobId }) => jobId,
    empty: 'there are no such jobs',
  };
}

/** `2 of 500`; nothing before a job has devices. */
function failedText({ deviceJobStatistics: counts }: Job): string | undefined {
  return counts === undefined || counts.deviceCount === 0
    ? undefined
    : `${counts.failedCount} of ${counts.deviceCount}`;
}

export const jobView: DocumentView<Job> = {
  fields: (job) => [
    ['Job', job.jobId, 'accent'],
    ['Action', actionOf(job)],
    ['Status', job.status, toneOf(job)],
    ['Reason', job.failureReason],
    ['Condition', job.queryCondition],
    ['Created', job.createdTime],
    ['Start', job.startTime],
    ['End', job.endTime],
    ['Time limit', formatDuration(job.maxExecutionTimeInSeconds * 1_000)],
    ['Devices', job.deviceJobStatistics?.deviceCount],
    ['Succeeded', job.deviceJobStatistics?.succeededCount],
    ['Failed', job.deviceJobStatistics?.failedCount],
    ['Running', job.deviceJobStatistics?.runningCount],
    ['Pending', job.deviceJobStatistics?.pendingCount],
    ['Twin', job.updateTwin],
    ['Payload', job.cloudToDeviceMethod?.payload],
  ],
  json: (job) => job,
  name: ({ jobId }) => jobId,
};

/** What a job made of each device. */
export const deviceJobView: ListView<DeviceJob> = {
  columns: [
    { header: 'DEVICE', value: identityOf, tone: () => 'accent' },
    { header: 'STATUS', value: ({ status }) => status, tone: deviceTone },
    { header: 'ANSWER', value: ({ outcome }) => outcome.deviceMethodResponse?.status, align: 'right' },
    { header: 'RESULT', value: ({ outcome, error }) => error?.description ?? outcome.deviceMethodResponse?.payload },
    { header: 'END', value: ({ endTimeUtc }) => endTimeUtc, wide: true },
  ],
  json: (job) => job,
  name: identityOf,
  empty: 'the job has no devices yet',
};

function identityOf({ deviceId, moduleId }: DeviceJob): string {
  return identityPath(deviceId, moduleId);
}

function deviceTone(job: DeviceJob): Tone {
  if (deviceSucceeded(job)) return 'good';
  return job.status === 'pending' || job.status === 'running' || job.status === 'scheduled' ? 'warn' : 'bad';
}
