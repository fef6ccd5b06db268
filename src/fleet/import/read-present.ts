import { identityPath, type IdentityPath } from '../../protocol/identity-path.ts';
import type { JsonObject } from '../../std/json.ts';
import type { FleetRow } from '../export/fleet-row.ts';
import type { Hub } from '../ports.ts';
import { quoteLiteral } from '../selection/glob-condition.ts';
import { needsIdentity, type PresentIdentity, type RowScopes } from './changes.ts';

type ReadingHub = Pick<Hub, 'identities' | 'queries'>;

/** A row with the scopes it shall have on this hub. */
export interface PlacedRow {
  readonly row: FleetRow;
  readonly scopes: RowScopes;
}

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
  const needed: IdentityPath[] = [];
  for (const { row, scopes } of placed) {
    const path = pathOf(row);
    const twin = twins.get(path);
    if (twin === undefined) continue;
    present.set(path, { twin, identity: undefined });
    if (needsIdentity(row, twin) || Object.keys(scopes).length > 0) needed.push(path);
  }
  for (const [path, identity] of await hub.identities.readMany(needed, { signal })) {
    const twin = twins.get(path);
    if (twin !== undefined) present.set(path, { twin, identity });
  }
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

export function pathOf({ deviceId, moduleId }: FleetRow): IdentityPath {
  return identityPath(deviceId, moduleId);
}

function pathOfTwin({ deviceId, moduleId }: JsonObject): IdentityPath {
  return identityPath(typeof deviceId === 'string' ? deviceId : '', typeof moduleId === 'string' ? moduleId : '');
}
