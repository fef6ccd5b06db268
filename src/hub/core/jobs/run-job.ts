import type { Clock } from '../../../std/clock.ts';
import { pool } from '../../../std/pool.ts';
import { HubError } from '../../../protocol/hub-errors.ts';
import { identityNames, identityPath, type IdentityPath } from '../../../protocol/identity-path.ts';
import type { DeviceJob, DeviceJobStatus, JobStatistics } from '../../../protocol/job.ts';
import { isoMillis } from '../../../protocol/time.ts';
import type { RegistryStore } from '../ports.ts';
import { listTargets, parseTarget } from '../targets.ts';
import type { ThrottleService } from '../throttling/service.ts';
import { actOn, noResponse, type ActionParts } from './device-action.ts';
import { deviceJobChange, readDeviceJobs } from './device-jobs.ts';
import { noDevices, recordChanges, type JobRecord } from './job-record.ts';

export interface RunParts extends ActionParts {
  readonly store: RegistryStore;
  readonly clock: Clock;
  readonly throttle: ThrottleService;
}

/** A job that is being worked on; `record` is as it would be answered now. */
export interface LiveJob {
  record: JobRecord;
}

/** Why a run ends before its time. */
export type Interruption = 'stopped' | 'late' | 'closing';

/** Devices of one job that are worked on at once; their writes share commits. */
const concurrency = 128;
const pageSize = 500;
/** How often the counts of a running job are stored. */
const saveEveryMs = 1_000;

/**
 * Works through a job: first every target gets a device job, then each is done. What was done before is not done again, so a run can
 * be broken off at any place and taken up later. Rejects with what the signal was aborted with, or why the targets cannot be listed.
 */
export async function runJob(parts: RunParts, live: LiveJob, signal: AbortSignal): Promise<void> {
  if (!live.record.listed) await listDevices(parts, live, signal);
  else await recount(parts, live);
  const save = saveNowAndThen(parts, live);
  const work = async (job: DeviceJob): Promise<Error | undefined> => {
    try {
      await doOne(parts, live, job, signal);
      await save();
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  };
  for await (const error of pool(unfinished(parts, live.record.jobId), concurrency, work, signal)) {
    if (error !== undefined && !signal.aborted) throw error;
  }
  signal.throwIfAborted();
}

async function listDevices({ store, clock }: RunParts, live: LiveJob, signal: AbortSignal): Promise<void> {
  const target = parseTarget(live.record.queryCondition);
  let deviceCount = 0;
  for await (const identities of listTargets(store, target, pageSize)) {
    signal.throwIfAborted();
    const now = clock.now();
    await store.documents.write(identities.map((identity) => deviceJobChange(pendingJob(live.record, identity, now))));
    deviceCount += identities.length;
    live.record = { ...live.record, statistics: { ...noDevices, deviceCount, pendingCount: deviceCount } };
  }
  live.record = { ...live.record, listed: true };
  await store.documents.write(recordChanges(live.record, true));
}

/** What a hub that was stopped had done; a method that was on its way then must not be called twice. */
async function recount({ store, clock }: RunParts, live: LiveJob): Promise<void> {
  const counts = { ...noDevices, deviceCount: 0 };
  for await (const jobs of readDeviceJobs(store.documents, live.record.jobId, pageSize)) {
    const lost = jobs.filter(({ status }) => status === 'running').map((job) => interrupted(job, clock.now()));
    await store.documents.write(lost.map(deviceJobChange));
    counts.deviceCount += jobs.length;
    for (const { status } of jobs) addTo(counts, status === 'running' ? 'failed' : status, 1);
  }
  live.record = { ...live.record, statistics: counts };
}

function interrupted(job: DeviceJob, now: number): DeviceJob {
  const error = { code: 'ServiceUnavailable', description: 'The hub was stopped before the device had answered.' };
  return ended(job, { status: 'failed', outcome: noResponse, error }, now);
}

async function* unfinished({ store }: RunParts, jobId: string): AsyncGenerator<DeviceJob, void, undefined> {
  for await (const jobs of readDeviceJobs(store.documents, jobId, pageSize)) {
    for (const job of jobs) if (job.status === 'pending') yield job;
  }
}

async function doOne(parts: RunParts, live: LiveJob, job: DeviceJob, signal: AbortSignal): Promise<void> {
  const { store, clock, throttle } = parts;
  await throttle.pace('job-device', signal);
  signal.throwIfAborted();
  move(live, 'pending', 'running');
  const begun = isoMillis(clock.now());
  const running: DeviceJob = { ...job, status: 'running', startTimeUtc: begun, lastUpdatedDateTimeUtc: begun };
  try {
    if (live.record.cloudToDeviceMethod !== null) await store.documents.write([deviceJobChange(running)]);
    const identity = identityPath(job.deviceId, job.moduleId);
    const outcome = await actOn(parts, live.record, identity, signal);
    await store.documents.write([deviceJobChange(ended(running, outcome, clock.now()))]);
    move(live, 'running', outcome.status);
  } catch (error) {
    if (!signal.aborted) throw error;
    await giveUp(parts, live, running, 'running', signal.reason);
  }
}

/** Ends a device job that a stop or the end of the job's time has overtaken; a hub that closes leaves it as it is. */
async function giveUp(
  { store, clock }: RunParts,
  live: LiveJob,
  job: DeviceJob,
  from: DeviceJobStatus,
  reason: unknown,
): Promise<void> {
  const outcome = outcomeOf(reason);
  if (outcome === undefined) return;
  await store.documents.write([deviceJobChange(ended(job, outcome, clock.now()))]);
  move(live, from, outcome.status);
}

function outcomeOf(reason: unknown): Pick<DeviceJob, 'status' | 'outcome' | 'error'> | undefined {
  if (reason === 'stopped') return { status: 'cancelled', outcome: noResponse };
  if (reason !== 'late') return undefined;
  const error = { code: 'GatewayTimeout', description: "The job's maximum execution time was over." };
  return { status: 'failed', outcome: noResponse, error };
}

/** Ends every device job that was not reached, after an interruption. */
export async function abandonRest(parts: RunParts, live: LiveJob, reason: Interruption): Promise<void> {
  const outcome = outcomeOf(reason);
  if (outcome === undefined) return;
  for await (const jobs of readDeviceJobs(parts.store.documents, live.record.jobId, pageSize)) {
    const left = jobs.filter(({ status }) => status === 'pending' || status === 'running');
    await parts.store.documents.write(left.map((job) => deviceJobChange(ended(job, outcome, parts.clock.now()))));
    for (const { status } of left) move(live, status, outcome.status);
  }
}

function pendingJob({ jobId, type }: JobRecord, identity: IdentityPath, now: number): DeviceJob {
  const { deviceId, moduleId } = identityNames(identity);
  return {
    deviceId,
    ...(moduleId !== '' && { moduleId }),
    jobId,
    jobType: type,
    status: 'pending',
    createdDateTimeUtc: isoMillis(now),
    lastUpdatedDateTimeUtc: isoMillis(now),
    outcome: noResponse,
  };
}

function ended(job: DeviceJob, outcome: Pick<DeviceJob, 'status' | 'outcome' | 'error'>, now: number): DeviceJob {
  return { ...job, ...outcome, endTimeUtc: isoMillis(now), lastUpdatedDateTimeUtc: isoMillis(now) };
}

type Counts = { -readonly [Name in keyof JobStatistics]: number };

function addTo(counts: Counts, status: DeviceJobStatus, by: number): void {
  if (status === 'pending' || status === 'scheduled') counts.pendingCount += by;
  else if (status === 'running') counts.runningCount += by;
  else if (status === 'completed') counts.succeededCount += by;
  else if (status === 'failed') counts.failedCount += by;
}

function move(live: LiveJob, from: DeviceJobStatus, to: DeviceJobStatus): void {
  const counts = { ...live.record.statistics };
  addTo(counts, from, -1);
  addTo(counts, to, 1);
  live.record = { ...live.record, statistics: counts };
}

function saveNowAndThen({ store, clock }: RunParts, live: LiveJob): () => Promise<void> {
  let saved = clock.monotonic();
  return async () => {
    if (clock.monotonic() - saved < saveEveryMs) return;
    saved = clock.monotonic();
    await store.documents.write(recordChanges(live.record, true));
  };
}

/** Why a run failed, for `failureReason`. */
export function reasonOf(error: unknown): string {
  return error instanceof HubError ? error.message : 'The hub failed to run the job.';
}
