import type { Job, JobStatistics, JobStatus, JobType } from '../../../protocol/job.ts';
import type { MethodRequest } from '../../../protocol/method.ts';
import { isoMillis } from '../../../protocol/time.ts';
import type { TwinChange } from '../../../protocol/twin/document.ts';
import type { JsonObject } from '../../../std/json.ts';
import type { DocumentChange } from '../ports.ts';

/** Collections of the document store. Ids of device jobs are `{jobId}/{identity path}`. */
export const jobCollections = { jobs: 'jobs', active: 'jobs-active', devices: 'job-devices' } as const;

/** A job as it is stored. Times are Unix milliseconds, 0 for none. */
export interface JobRecord {
  readonly jobId: string;
  readonly type: JobType;
  readonly queryCondition: string;
  readonly updateTwin: (TwinChange & { etag?: string }) | null;
  readonly cloudToDeviceMethod: MethodRequest | null;
  readonly maxExecutionTimeInSeconds: number;
  readonly createdTime: number;
  readonly startTime: number;
  readonly endTime: number;
  readonly status: JobStatus;
  readonly failureReason: string | null;
  /** Every target has a device job. */
  readonly listed: boolean;
  readonly statistics: JobStatistics;
}

export const noDevices: JobStatistics = {
  deviceCount: 0,
  failedCount: 0,
  succeededCount: 0,
  runningCount: 0,
  pendingCount: 0,
};

/** A write of the record, together with its place among the active ones. */
export function recordChanges(record: JobRecord, active: boolean): DocumentChange[] {
  const { jobId: id } = record;
  const value = { ...record } as unknown as JsonObject;
  return [
    { kind: 'put', collection: jobCollections.jobs, id, value },
    active
      ? { kind: 'put', collection: jobCollections.active, id, value: {} }
      : { kind: 'delete', collection: jobCollections.active, id },
  ];
}

/** Reads back what {@link recordChanges} wrote. */
export function toJobRecord(value: JsonObject): JobRecord {
  return value as unknown as JobRecord;
}

export function viewJob(record: JobRecord): Job {
  return {
    jobId: record.jobId,
    queryCondition: record.queryCondition,
    createdTime: isoMillis(record.createdTime),
    startTime: isoMillis(record.startTime),
    ...(record.endTime !== 0 && { endTime: isoMillis(record.endTime) }),
    maxExecutionTimeInSeconds: record.maxExecutionTimeInSeconds,
    type: record.type,
    ...(record.cloudToDeviceMethod !== null && { cloudToDeviceMethod: record.cloudToDeviceMethod }),
    ...(record.updateTwin !== null && { updateTwin: record.updateTwin }),
    status: record.status,
    ...(record.failureReason !== null && { failureReason: record.failureReason, statusMessage: record.failureReason }),
    deviceJobStatistics: record.statistics,
  };
}
