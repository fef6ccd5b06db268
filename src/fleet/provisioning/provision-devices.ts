import { isFailure, toFailure, type Failure } from '../../errors/index.ts';
import { formatConnectionString } from '../../protocol/connection-string.ts';
import { bulkLimit, type BulkDevice } from '../../protocol/identity.ts';
import { lotsOf } from '../../std/lots.ts';
import { windowed } from '../../std/windowed.ts';
import type { Hub } from '../ports.ts';
import { creation, difference, readExisting } from './existing.ts';
import type { DeviceRow, InputRow, ProvisionResult } from './row.ts';

export interface ProvisionOptions {
  /** How many bulk requests of {@link bulkLimit} devices are on their way at once. */
  readonly concurrency?: number;
  /** Say what would happen, write nothing. */
  readonly dryRun?: boolean;
  /** Read the keys back and give connection strings. */
  readonly connectionStrings?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export type ProvisioningHub = Pick<Hub, 'devices' | 'queries' | 'deviceHostName'>;

const defaultConcurrency = 6;
const keyReadsAtOnce = 16;

/**
 * Brings the hub to the rows, in bulks: makes what is missing, updates what differs, leaves what is equal. A second run with the
 * same rows changes nothing, so a run that was cut short is simply started again. Results come in the order of the rows; a row
 * that fails is a result. Failures that would meet every row end it: hub-unreachable, not-authorised, throttled and their like.
 */
export async function* provisionDevices(
  hub: ProvisioningHub,
  rows: Iterable<InputRow> | AsyncIterable<InputRow>,
  options: ProvisionOptions = {},
): AsyncGenerator<ProvisionResult, void, undefined> {
  const work = (lot: readonly InputRow[]): Promise<LotOutcome> => settleLot(hub, lot, options);
  for await (const outcome of windowed(
    lotsOf(rows, bulkLimit),
    options.concurrency ?? defaultConcurrency,
    work,
    options.signal,
  )) {
    // One by one: handing them on as a whole (yield*) takes twice as long.
    for (const result of outcome.results) yield result;
    if (outcome.failure !== undefined) throw outcome.failure;
  }
  options.signal?.throwIfAborted();
}

interface LotOutcome {
  readonly results: readonly ProvisionResult[];
  readonly failure?: Failure;
}

async function settleLot(
  hub: ProvisioningHub,
  lot: readonly InputRow[],
  options: ProvisionOptions,
): Promise<LotOutcome> {
  const results = new Map<string, ProvisionResult>();
  const devices = lot.filter((row) => row.kind === 'device');
  try {
    if (options.dryRun === true) await compareLot(hub, devices, results, options.signal);
    else await writeLot(hub, devices, results, options.signal);
    if (options.connectionStrings === true && options.dryRun !== true)
      await addConnectionStrings(hub, results, options.signal);
    return { results: lot.flatMap((row) => resultOf(row, results)) };
  } catch (error) {
    return { results: lot.flatMap((row) => resultOf(row, results)), failure: toFailure(error) };
  }
}

function resultOf(row: InputRow, results: ReadonlyMap<string, ProvisionResult>): ProvisionResult[] {
  const line = row.line === undefined ? {} : { line: row.line };
  if (row.kind === 'bad')
    return [{ deviceId: row.deviceId, ...line, outcome: 'failed', reason: row.reason, code: 'invalid-input' }];
  const result = results.get(row.deviceId);
  return result === undefined ? [] : [{ ...result, ...line }];
}

type Results = Map<string, ProvisionResult>;

async function compareLot(
  hub: ProvisioningHub,
  rows: readonly DeviceRow[],
  results: Results,
  signal: AbortSignal | undefined,
): Promise<void> {
  const existing = await readExisting(hub, rows, signal);
  for (const row of rows) {
    const present = existing.get(row.deviceId);
    const changes = present === undefined ? undefined : difference(row, present).changes;
    results.set(row.deviceId, outcomeOf(row, changes));
  }
}

function outcomeOf(row: DeviceRow, changes: readonly string[] | undefined): ProvisionResult {
  if (changes === undefined) return { deviceId: row.deviceId, outcome: 'created' };
  if (changes.length === 0) return { deviceId: row.deviceId, outcome: 'unchanged' };
  return { deviceId: row.deviceId, outcome: 'updated', reason: changes.join(', ') };
}

/** First tries to create all, which is one request for a first run; only what exists already is read and compared. */
async function writeLot(
  hub: ProvisioningHub,
  rows: readonly DeviceRow[],
  results: Results,
  signal: AbortSignal | undefined,
): Promise<void> {
  const refused = await bulk(hub, rows.map(creation), signal);
  const present: DeviceRow[] = [];
  for (const row of rows) {
    const problem = refused.get(row.deviceId);
    if (problem === undefined) results.set(row.deviceId, outcomeOf(row, undefined));
    else if (problem.exists) present.push(row);
    else results.set(row.deviceId, failed(row, problem));
  }
  if (present.length > 0) await updateLot(hub, present, results, signal);
}

async function updateLot(
  hub: ProvisioningHub,
  rows: readonly DeviceRow[],
  results: Results,
  signal: AbortSignal | undefined,
): Promise<void> {
  const existing = await readExisting(hub, rows, signal);
  const identities: BulkDevice[] = [];
  const twins: BulkDevice[] = [];
  for (const row of rows) {
    const found = existing.get(row.deviceId);
    if (found === undefined) {
      results.set(
        row.deviceId,
        failed(row, { reason: 'the device exists, but the hub does not show it yet; run it again', exists: true }),
      );
      continue;
    }
    const { changes, identity, twin } = difference(row, found);
    if (identity !== undefined) identities.push(identity);
    if (twin !== undefined) twins.push(twin);
    results.set(row.deviceId, outcomeOf(row, changes));
  }
  // One device may stand only once in a bulk (400011), so identities and twins go one after the other.
  for (const writes of [identities, twins]) {
    for (const [deviceId, problem] of await bulk(hub, writes, signal))
      results.set(deviceId, failed({ deviceId }, problem));
  }
}

interface Refusal {
  readonly reason: string;
  readonly exists: boolean;
}

function failed(row: { readonly deviceId: string }, problem: Refusal): ProvisionResult {
  return {
    deviceId: row.deviceId,
    outcome: 'failed',
    reason: problem.reason,
    code: problem.exists ? 'conflict' : 'refused',
  };
}

/** Sends one bulk; what it refused, by device. A hub that refuses the whole bulk for one of its devices is asked for each alone. */
async function bulk(
  hub: ProvisioningHub,
  writes: readonly BulkDevice[],
  signal: AbortSignal | undefined,
): Promise<Map<string, Refusal>> {
  const refused = new Map<string, Refusal>();
  if (writes.length === 0) return refused;
  try {
    const result = await hub.devices.bulk(writes, signal);
    for (const error of result.errors) {
      const exists = /^(DeviceAlreadyExists|409\d*)$/.test(error.errorCode);
      refused.set(error.deviceId, {
        reason: error.errorStatus === '' ? error.errorCode : error.errorStatus,
        exists,
      });
    }
  } catch (error) {
    if (!isFailure(error, 'refused', 'invalid-value', 'conflict')) throw error;
    if (writes.length === 1) return refused.set(writes[0]?.id ?? '', { reason: error.message, exists: false });
    for (const write of writes) for (const [id, problem] of await bulk(hub, [write], signal)) refused.set(id, problem);
  }
  return refused;
}

/** Bulk answers hold no keys, so they are read back. */
async function addConnectionStrings(
  hub: ProvisioningHub,
  results: Results,
  signal: AbortSignal | undefined,
): Promise<void> {
  const ids = [...results.values()].filter((result) => result.outcome !== 'failed').map((result) => result.deviceId);
  const read = async (deviceId: string): Promise<{ deviceId: string; connectionString: string } | Error> => {
    try {
      const identity = await hub.devices.get(deviceId, signal);
      const key = identity.authentication.symmetricKey.primaryKey;
      const credential = key === null ? { x509: true as const } : { sharedAccessKey: key };
      return {
        deviceId,
        connectionString: formatConnectionString({ hostName: hub.deviceHostName, deviceId, ...credential }),
      };
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  };
  for await (const answer of windowed(ids, keyReadsAtOnce, read, signal)) {
    if (answer instanceof Error) {
      if (!isFailure(answer, 'unsupported')) throw answer;
      continue;
    }
    const result = results.get(answer.deviceId);
    if (result !== undefined) results.set(answer.deviceId, { ...result, connectionString: answer.connectionString });
  }
}
