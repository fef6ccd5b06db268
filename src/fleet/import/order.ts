import type { IdentityPath } from '../../protocol/identity-path.ts';
import type { BadFleetRow, FleetRow } from '../export/fleet-row.ts';
import { pathOf } from './read-present.ts';
import { parentOf } from './scopes.ts';

export type InputRow = FleetRow | BadFleetRow;

/** Lets through what needs nothing else to be there. */
export async function* putAside(
  rows: AsyncIterable<InputRow>,
  waiting: FleetRow[],
): AsyncGenerator<InputRow, void, undefined> {
  const seen = new Set<IdentityPath>();
  for await (const row of rows) {
    if (row.kind === 'bad') {
      yield row;
      continue;
    }
    const path = pathOf(row);
    if (seen.has(path))
      yield { kind: 'bad', line: row.line ?? 0, deviceId: path, reason: 'it stands in the file before' };
    else if (row.moduleId === '' && parentOf(row) === undefined) yield row;
    else waiting.push(isSystemModule(row) ? twinAlone(row) : row);
    seen.add(path);
  }
}

/** Takes those of the waiting rows whose parents do not wait themselves; in a ring of parents, all that is left. Modules come last. */
export function nextRound(waiting: FleetRow[]): FleetRow[] {
  const devices = waiting.filter((row) => row.moduleId === '');
  const ids = new Set(devices.map(({ deviceId }) => deviceId));
  const free = devices.filter((row) => !ids.has(parentOf(row) ?? ''));
  const round = new Set(free.length > 0 ? free : devices.length > 0 ? devices : waiting);
  const left = waiting.filter((row) => !round.has(row));
  waiting.length = 0;
  for (const row of left) waiting.push(row);
  return [...round];
}

/** A module that the hub makes along with an edge device: its twin is all that can be written. */
export function isSystemModule({ moduleId }: FleetRow): boolean {
  return moduleId.startsWith('$');
}

function twinAlone(row: FleetRow): FleetRow {
  return { ...row, authentication: undefined, managedBy: undefined };
}
