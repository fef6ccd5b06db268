import { furthestStartMs, jobIdProblem, jobTypes, type JobType } from '../../../protocol/job.ts';
import { HubError } from '../../../protocol/hub-errors.ts';
import { parseMethodRequest, type MethodRequest } from '../../../protocol/method.ts';
import type { TwinChange } from '../../../protocol/twin/document.ts';
import { parseTwinDraft } from '../twins/twin-change.ts';
import { fieldsOf, stringField, wordField, type Fields } from '../untrusted.ts';
import { noDevices, type JobRecord } from './job-record.ts';

const executionSeconds = { fallback: 3_600, most: 7 * 24 * 3_600 };

/**
 * Reads the untrusted body of a new job. The condition is not looked at: one that is wrong makes the job fail later, as in the cloud.
 * HubErrors ArgumentInvalid, ArgumentNull. Source: service.md §6.1.
 */
export function parseJob(jobId: string, body: unknown, now: number): JobRecord {
  const problem = jobIdProblem(jobId);
  if (problem !== undefined) throw new HubError('ArgumentInvalid', `The job id ${problem}.`);
  const fields = fieldsOf(body, 'The job');
  const named = stringField(fields, 'jobId');
  if (named !== undefined && named !== jobId)
    throw new HubError('ArgumentInvalid', 'jobId in the body differs from the one in the path.');
  const type = wordField(fields, 'type', jobTypes);
  if (type === undefined) throw new HubError('ArgumentNull', 'The job needs a type.');
  const queryCondition = stringField(fields, 'queryCondition') ?? '';
  if (queryCondition.trim() === '')
    throw new HubError('ArgumentNull', 'The job needs a queryCondition, * means all devices.');
  return {
    jobId,
    type,
    queryCondition,
    ...readAction(type, fields),
    maxExecutionTimeInSeconds: readSeconds(fields),
    createdTime: now,
    startTime: readStart(fields, now),
    endTime: 0,
    status: 'queued',
    failureReason: null,
    listed: false,
    statistics: noDevices,
  };
}

function readAction(type: JobType, fields: Fields): Pick<JobRecord, 'updateTwin' | 'cloudToDeviceMethod'> {
  if (type === 'scheduleUpdateTwin') return { updateTwin: readTwin(fields), cloudToDeviceMethod: null };
  return { updateTwin: null, cloudToDeviceMethod: readMethod(fields) };
}

function readMethod(fields: Fields): MethodRequest {
  const method = fields.get('cloudToDeviceMethod');
  if (method === undefined) throw new HubError('ArgumentNull', 'The job needs a cloudToDeviceMethod.');
  return parseMethodRequest(method);
}

function readTwin(fields: Fields): TwinChange & { etag?: string } {
  const twin = fields.get('updateTwin');
  if (twin === undefined) throw new HubError('ArgumentNull', 'The job needs an updateTwin.');
  const members = fieldsOf(twin, 'updateTwin');
  const { tags, desired } = parseTwinDraft(members);
  if (tags === undefined && desired === undefined)
    throw new HubError('ArgumentInvalid', 'updateTwin changes neither tags nor properties.desired.');
  const etag = stringField(members, 'etag');
  return {
    ...(etag !== undefined && { etag }),
    ...(tags !== undefined && { tags }),
    ...(desired !== undefined && { properties: { desired } }),
  };
}

function readSeconds(fields: Fields): number {
  const value = fields.get('maxExecutionTimeInSeconds') ?? executionSeconds.fallback;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > executionSeconds.most) {
    throw new HubError(
      'ArgumentInvalid',
      `maxExecutionTimeInSeconds must be a whole number from 1 to ${executionSeconds.most}.`,
    );
  }
  return value;
}

function readStart(fields: Fields, now: number): number {
  const text = stringField(fields, 'startTime');
  if (text === undefined || text === '') return now;
  const start = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(start)) throw new HubError('ArgumentInvalid', 'startTime must be an ISO 8601 time.');
  if (start > now + furthestStartMs)
    throw new HubError('ArgumentInvalid', 'startTime must not be more than 7 days ahead.');
  return Math.max(start, now);
}
