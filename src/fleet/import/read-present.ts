import { toFailure } from '../../errors/index.ts';
import { identityPath, type IdentityPath } from '../../protocol/identity-path.ts';
import type { JsonObject } from '../../std/json.ts';
import { windowed } from '../../std/windowed.ts';
import type { FleetRow } from '../export/fleet-row.ts';
import type { Hub } from '../ports.ts';
import { quoteLiteral } from '../selection/glob-condition.ts';
import { needsIdentity, type PresentIdentity, type RowScopes } from './changes.ts';

type ReadingHub = Pick<Hub, 'devices' | 'modules' | 'queries'>;

/** A row with the scopes it shall have on this hub. */
export interface PlacedRow {
  readonly row: FleetRow;
  readonly scopes: RowScopes;
}

const readsAtOnce = 8;
/** A query may hold 8192 characters. */
const lotCharacters = 6_000;

/** What the hub has of the rows; those that are not there are absent. */
export async function readPresent(
  hub: ReadingHub,
  placed: readonly PlacedRow[],
  signal: AbortSignal | undefined,
): Promise<Map<IdentityPath, PresentIdentity>> {
  const twins = new Map<IdentityPath, JsonObject>();
  for (const source of ['devices', 'devices.modules']) {
    const wanted = placed.filter(({ row }) => (row.moduleId === '') === (source === 'devices'));
    for (const ids of idLots(wanted)) {
      const query = `SELECT * FROM ${source} WHERE deviceId IN [${ids.join(', ')}]`;
      for await (const page of hub.queries.query(query, signal === undefined ? {} : { signal }))
        for (const twin of page) twins.set(pathOfTwin(twin), twin);
    }
  }
  return withIdentities(hub, placed, twins, signal);
}

async function withIdentities(
  hub: ReadingHub,
  placed: readonly PlacedRow[],
  twins: ReadonlyMap<IdentityPath, JsonObject>,
  signal: AbortSignal | undefined,
): Promise<Map<IdentityPath, PresentIdentity>> {
  const present = new Map<IdentityPath, PresentIdentity>();
  const read = async ({ row, scopes }: PlacedRow): Promise<Error | undefined> => {
    const path = pathOf(row);
    const twin = twins.get(path);
    if (twin === undefined) return undefined;
    try {
      const needed = needsIdentity(row, twin) || Object.keys(scopes).length > 0;
      present.set(path, { twin, identity: needed ? await readIdentity(hub, row, signal) : undefined });
      return undefined;
    } catch (error) {
      return toFailure(error);
    }
  };
  for await (const error of windowed(placed, readsAtOnce, read, signal)) if (error !== undefined) throw error;
  return present;
}

function* idLots(placed: readonly PlacedRow[]): Generator<string[], void, undefined> {
  let lot: string[] = [];
  let characters = 0;
  for (const deviceId of new Set(placed.map(({ row }) => row.deviceId))) {
    const literal = quoteLiteral(deviceId);
    lot.push(literal);
    characters += literal.length + 2;
    if (characters < lotCharacters) continue;
    yield lot;
    lot = [];
    characters = 0;
  }
  if (lot.length > 0) yield lot;
}

function readIdentity(
  hub: ReadingHub,
  row: FleetRow,
  signal: AbortSignal | undefined,
): Promise<NonNullable<PresentIdentity['identity']>> {
  return row.moduleId === '' ? hub.devices.get(row.deviceId, signal) : hub.modules.get(pathOf(row), signal);
}

export function pathOf({ deviceId, moduleId }: FleetRow): IdentityPath {
  return identityPath(deviceId, moduleId);
}

function pathOfTwin({ deviceId, moduleId }: JsonObject): IdentityPath {
  return identityPath(typeof deviceId === 'string' ? deviceId : '', typeof moduleId === 'string' ? moduleId : '');
}
