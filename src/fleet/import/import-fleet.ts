import { toFailure, type Failure } from '../../errors/index.ts';
import { bulkLimit, type BulkDevice } from '../../protocol/identity.ts';
import type { IdentityPath } from '../../protocol/identity-path.ts';
import { lotsOf } from '../../std/lots.ts';
import { windowed } from '../../std/windowed.ts';
import type { FleetRow } from '../export/fleet-row.ts';
import type { Hub } from '../ports.ts';
import type { ProvisionResult } from '../provisioning/row.ts';
import { changesOf, creationOf } from './changes.ts';
import { isSystemModule, nextRound, putAside, type InputRow } from './order.ts';
import { pathOf, readPresent, type PlacedRow } from './read-present.ts';
import { createScopeFinder, parentOf, type ScopeFinder } from './scopes.ts';
import { sendBulk } from './send-bulk.ts';

export type ImportHub = Pick<Hub, 'devices' | 'identities' | 'queries'>;

/** `create` leaves alone what is there, `update` what is not; `both` does both. */
export type ImportMode = 'create' | 'update' | 'both';

export interface ImportOptions {
  readonly mode: ImportMode;
  readonly dryRun: boolean;
  /** How many bulk requests are on their way at once. */
  readonly concurrency?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What became of a row, with the row itself so that those that failed can be written down for another try. */
export interface ImportResult extends ProvisionResult {
  readonly row: FleetRow | undefined;
}

const defaultConcurrency = 6;

/**
 * Brings a hub to the rows of a file: what is missing is made, what differs is made equal, what is equal is left alone. So an import
 * that broke off is simply started again. Devices below an edge device and modules wait until the others are there. Results come as
 * they are known. Failures that would meet every row end it.
 */
export async function* importFleet(
  hub: ImportHub,
  rows: AsyncIterable<InputRow>,
  options: ImportOptions,
): AsyncGenerator<ImportResult, void, undefined> {
  const scopes = createScopeFinder(hub, options.signal);
  const waiting: FleetRow[] = [];
  yield* inLots(hub, putAside(rows, waiting), scopes, options);
  for (let round = nextRound(waiting); round.length > 0; round = nextRound(waiting))
    yield* inLots(hub, round, scopes, options);
}

async function* inLots(
  hub: ImportHub,
  rows: Iterable<InputRow> | AsyncIterable<InputRow>,
  scopes: ScopeFinder,
  options: ImportOptions,
): AsyncGenerator<ImportResult, void, undefined> {
  const work = (lot: readonly InputRow[]): Promise<LotOutcome> => settleLot({ hub, scopes, options }, lot);
  const concurrency = options.concurrency ?? defaultConcurrency;
  for await (const { results, failure } of windowed(lotsOf(rows, bulkLimit), concurrency, work, options.signal)) {
    for (const result of results) yield result;
    if (failure !== undefined) throw failure;
  }
  options.signal?.throwIfAborted();
}

interface LotOutcome {
  readonly results: readonly ImportResult[];
  readonly failure?: Failure | undefined;
}

interface LotParts {
  readonly hub: ImportHub;
  readonly scopes: ScopeFinder;
  readonly options: ImportOptions;
}

type Outcome = Pick<ProvisionResult, 'outcome' | 'reason' | 'code'>;
type Outcomes = Map<IdentityPath, Outcome>;

async function settleLot(parts: LotParts, lot: readonly InputRow[]): Promise<LotOutcome> {
  const outcomes: Outcomes = new Map();
  const rows = lot.filter((row) => row.kind === 'identity');
  let failure: Failure | undefined;
  try {
    await settleRows(parts, rows, outcomes);
  } catch (error) {
    failure = toFailure(error);
  }
  return { results: lot.flatMap((row) => resultOf(row, outcomes)), failure };
}

function resultOf(row: InputRow, outcomes: Outcomes): ImportResult[] {
  const line = row.line === undefined ? {} : { line: row.line };
  if (row.kind === 'bad') {
    const { deviceId, reason } = row;
    return [{ deviceId, ...line, outcome: 'failed', reason, code: 'invalid-input', row: undefined }];
  }
  const outcome = outcomes.get(pathOf(row));
  return outcome === undefined ? [] : [{ deviceId: pathOf(row), ...line, ...outcome, row }];
}

async function settleRows(parts: LotParts, rows: readonly FleetRow[], outcomes: Outcomes): Promise<void> {
  const { dryRun, mode } = parts.options;
  const placed = await placeRows(parts, rows, outcomes);
  // A first run makes everything with one request; only what is there already is read and compared.
  const makes = dryRun || mode === 'update' ? [] : placed.filter(({ row }) => !isSystemModule(row));
  const present = [...placed.filter((each) => !makes.includes(each)), ...(await createRows(parts, makes, outcomes))];
  if (mode !== 'create' || dryRun) await updateRows(parts, present, outcomes);
  else for (const { row } of present) outcomes.set(pathOf(row), leftAlone);
}

const leftAlone: Outcome = { outcome: 'unchanged', reason: 'it is there already, and --mode create leaves it alone' };

async function placeRows(
  { scopes, options }: LotParts,
  rows: readonly FleetRow[],
  outcomes: Outcomes,
): Promise<PlacedRow[]> {
  const placed: PlacedRow[] = [];
  for (const row of rows) {
    const found = await scopes.scopesOf(row);
    if (found !== undefined) placed.push({ row, scopes: found });
    // A dry run makes no parents, so it cannot look at them.
    else if (options.dryRun) placed.push({ row, scopes: {} });
    else outcomes.set(pathOf(row), refused(`its parent ${parentOf(row)} is not an edge device of this hub`));
  }
  return placed;
}

/** Answers the rows that exist already. */
async function createRows(
  { hub, options }: LotParts,
  placed: readonly PlacedRow[],
  outcomes: Outcomes,
): Promise<PlacedRow[]> {
  const writes = placed.map(({ row, scopes }) => creationOf(row, scopes));
  const problems = await sendBulk(hub, writes, options.signal);
  return placed.filter(({ row }) => {
    const problem = problems.get(pathOf(row));
    if (problem?.exists === true) return true;
    outcomes.set(pathOf(row), problem === undefined ? { outcome: 'created' } : refused(problem.reason));
    return false;
  });
}

async function updateRows(parts: LotParts, placed: readonly PlacedRow[], outcomes: Outcomes): Promise<void> {
  const { hub, options } = parts;
  const present = await readPresent(hub, placed, options.signal);
  const identities: BulkDevice[] = [];
  const twins: BulkDevice[] = [];
  for (const { row, scopes } of placed) {
    const found = present.get(pathOf(row));
    if (found === undefined) {
      outcomes.set(pathOf(row), outcomeOfMissing(options));
      continue;
    }
    if (options.mode === 'create') {
      outcomes.set(pathOf(row), leftAlone);
      continue;
    }
    const { changes, identity, twin } = changesOf(row, found, scopes);
    if (identity !== undefined) identities.push(identity);
    if (twin !== undefined) twins.push(twin);
    outcomes.set(
      pathOf(row),
      changes.length === 0 ? { outcome: 'unchanged' } : { outcome: 'updated', reason: changes.join(', ') },
    );
  }
  if (options.dryRun) return;
  // One identity may stand only once in a bulk (400011), so identities and twins go one after the other.
  for (const writes of [identities, twins]) {
    for (const [path, { reason }] of await sendBulk(hub, writes, options.signal)) outcomes.set(path, refused(reason));
  }
}

function outcomeOfMissing({ mode, dryRun }: ImportOptions): Outcome {
  if (mode === 'update') return { outcome: 'unchanged', reason: 'it is not there, and --mode update makes none' };
  return dryRun ? { outcome: 'created' } : refused('it exists, but the hub does not show it yet; run it again');
}

function refused(reason: string): Outcome {
  return { outcome: 'failed', reason, code: 'refused' };
}
