import type { DeviceIdentity, ModuleIdentity } from '../../protocol/identity.ts';
import { identityPath, type IdentityPath } from '../../protocol/identity-path.ts';
import type { Hub } from '../ports.ts';
import { quoteLiteral } from '../selection/glob-condition.ts';
import { selectDevices, type DeviceSelector } from '../selection/index.ts';
import { rowOfTwin, type FleetRow } from './fleet-row.ts';

export type ExportHub = Pick<Hub, 'devices' | 'identities' | 'queries'>;

export interface ExportOptions {
  /** Every device when absent. */
  readonly selector?: DeviceSelector | undefined;
  /** Read keys too; they are secrets. */
  readonly keys: boolean;
  /** How many identities are read at once for their keys, where the hub answers one at a time. */
  readonly concurrency?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const pageSize = 1_000;
/** A query may hold 8192 characters. */
const lotCharacters = 6_000;
/** Devices first: on the way back a module needs a device that is there. */
const sources = ['devices', 'devices.modules'] as const;

/**
 * Identities with their twins, page by page: devices, then modules. What is deleted meanwhile is left out. Failures: those of the
 * hub, `invalid-query`.
 */
export async function* exportFleet(
  hub: ExportHub,
  options: ExportOptions,
): AsyncGenerator<readonly FleetRow[], void, undefined> {
  const selected = options.selector === undefined ? undefined : await selectedIds(hub, options);
  for (const source of sources) {
    for (const condition of conditionsOf(selected)) {
      const query = `SELECT * FROM ${source}${condition}`;
      const pages = hub.queries.query(query, { pageSize, ...(options.signal && { signal: options.signal }) });
      for await (const page of pages) {
        const rows = page.map(rowOfTwin);
        yield options.keys ? await withKeys(hub, rows, options) : rows;
        options.signal?.throwIfAborted();
      }
    }
  }
}

async function selectedIds(hub: ExportHub, { selector, signal }: ExportOptions): Promise<string[]> {
  const ids: string[] = [];
  if (selector === undefined) return ids;
  for await (const id of selectDevices(hub, selector, { check: true, signal })) ids.push(id);
  return ids;
}

function* conditionsOf(ids: readonly string[] | undefined): Generator<string, void, undefined> {
  if (ids === undefined) {
    yield '';
    return;
  }
  let lot: string[] = [];
  let characters = 0;
  for (const literal of ids.map(quoteLiteral)) {
    lot.push(literal);
    characters += literal.length + 2;
    if (characters < lotCharacters) continue;
    yield ` WHERE deviceId IN [${lot.join(', ')}]`;
    lot = [];
    characters = 0;
  }
  if (lot.length > 0) yield ` WHERE deviceId IN [${lot.join(', ')}]`;
}

/** Twins hold no keys, and those of modules do not say who manages them, so the identities are read too. */
async function withKeys(hub: ExportHub, rows: readonly FleetRow[], options: ExportOptions): Promise<FleetRow[]> {
  const { concurrency, signal } = options;
  const needed = rows.filter((row) => row.moduleId !== '' || row.authentication?.type === 'sas').map(pathOfRow);
  const identities = await hub.identities.readMany(needed, { concurrency, signal });
  return rows.flatMap((row) => {
    const isNeeded = row.moduleId !== '' || row.authentication?.type === 'sas';
    const identity = identities.get(pathOfRow(row));
    // It was deleted since its twin was read.
    if (isNeeded && identity === undefined) return [];
    return [identity === undefined ? row : complete(row, identity)];
  });
}

function complete(row: FleetRow, identity: DeviceIdentity | ModuleIdentity): FleetRow {
  const managedBy = 'managedBy' in identity ? identity.managedBy : undefined;
  const managed = managedBy === undefined ? row : { ...row, managedBy };
  if (row.authentication?.type !== 'sas') return managed;
  return { ...managed, authentication: { ...row.authentication, symmetricKey: identity.authentication.symmetricKey } };
}

function pathOfRow({ deviceId, moduleId }: FleetRow): IdentityPath {
  return identityPath(deviceId, moduleId);
}
