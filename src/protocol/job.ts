/** Jobs: one action over many devices. Source: service.md §6.1, §6.2. */
import type { MethodRequest, MethodResponse } from './method.ts';
import type { TwinChange } from './twin/document.ts';

export const jobTypes = ['scheduleUpdateTwin', 'scheduleDeviceMethod'] as const;
export type JobType = (typeof jobTypes)[number];

export const jobStatuses = [
  'unknown',
  'enqueued',
  'queued',
  'scheduled',
  'running',
  'completed',
  'failed',
  'cancelled',
] as const;
export type JobStatus = (typeof jobStatuses)[number];

export interface JobStatistics {
  readonly deviceCount: number;
  readonly failedCount: number;
  readonly succeededCount: number;
  readonly runningCount: number;
  readonly pendingCount: number;
}

/** A job as `GET /jobs/v2/{id}` answers it. Times are ISO 8601. */
export interface Job {
  readonly jobId: string;
  readonly type: JobType;
  readonly status: JobStatus;
  readonly queryCondition: string;
  readonly createdTime: string;
  readonly startTime: string;
  readonly endTime?: string;
  readonly maxExecutionTimeInSeconds: number;
  readonly cloudToDeviceMethod?: MethodRequest;
  readonly updateTwin?: TwinChange & { readonly etag?: string };
  readonly failureReason?: string;
  readonly statusMessage?: string;
  readonly deviceJobStatistics?: JobStatistics;
}

/** A job that the hub does not know. */
export interface UnknownJob {
  readonly jobId: string;
  readonly type: 'unknown';
  readonly status: 'unknown';
}

export type DeviceJobStatus = 'pending' | 'scheduled' | 'running' | 'completed' | 'failed' | 'cancelled';

/** What a job made of one device or module: a row of `devices.jobs`. */
export interface DeviceJob {
  readonly deviceId: string;
  readonly moduleId?: string;
  readonly jobId: string;
  readonly jobType: JobType;
  readonly status: DeviceJobStatus;
  readonly startTimeUtc?: string;
  readonly endTimeUtc?: string;
  readonly createdDateTimeUtc: string;
  readonly lastUpdatedDateTimeUtc: string;
  readonly outcome: { readonly deviceMethodResponse: MethodResponse | null };
  readonly error?: { readonly code: string; readonly description: string };
}

/** True when a job will not change any more. */
export function isFinished(status: JobStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}

/** Says what is wrong with a job id, as the end of a sentence; undefined when nothing is. Source: service.md §6.1. */
export function jobIdProblem(id: string): string | undefined {
  if (id === '') return 'is empty';
  if (id.length > 64) return 'is longer than 64 characters';
  return /^[a-z0-9'-]+$/.test(id) ? undefined : "may hold only lower-case letters, digits, - and '";
}

/** How far in the future a job may begin, milliseconds. */
export const furthestStartMs = 168 * 3_600_000;

/** Where a hub of iotctl stops a job that runs already (POST `/{id}/stop`); the cloud cancels jobs that wait alone. */
export const jobStopsPath = '/iotctl/jobs';
