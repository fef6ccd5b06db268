import { isFailure, toFailure } from '../../errors/index.ts';
import { identityPath } from '../../protocol/identity-path.ts';
import { windowed } from '../../std/windowed.ts';
import type { Hub } from '../ports.ts';
import { quoteLiteral } from '../selection/glob-condition.ts';
import { selectDevices, type DeviceSelector } from '../selection/index.ts';
import { rowOfTwin, type FleetRow } from './fleet-row.ts';

export type ExportHub = Pick<Hub, 'devices' | 'modules' | 'queries'>;

export interface ExportOptions {
  /** Every device when absent. */
  readonly selector?: DeviceSelector | undefined;
  /** Read keys too; they are secrets. */
  readonly keys: boolean;
  /** How many identities are read at once for their keys. */
  readonly concurrency?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const defaultConcurrency = 16;
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

/** Twins hold no keys, and neither do modules say in them who manages them, so each identity is read. */
async function withKeys(hub: ExportHub, rows: readonly FleetRow[], options: ExportOptions): Promise<FleetRow[]> {
  const read = async (row: FleetRow): Promise<FleetRow | Error | undefined> => {
    try {
      return await readKeys(hub, row, options.signal);
    } catch (error) {
      return isFailure(error, 'device-not-found', 'not-found') ? undefined : toFailure(error);
    }
  };
  const complete: FleetRow[] = [];
  for await (const row of windowed(rows, options.concurrency ?? defaultConcurrency, read, options.signal)) {
    if (row instanceof Error) throw row;
    if (row !== undefined) complete.push(row);
  }
  return complete;
}

async function readKeys(hub: ExportHub, row: FleetRow, signal: AbortSignal | undefined): Promise<FleetRow> {
  if (row.moduleId === '') {
    if (row.authentication?.type !== 'sas') return row;
    const { symmetricKey } = (await hub.devices.get(row.deviceId, signal)).authentication;
    return { ...row, authentication: { ...row.authentication, symmetricKey } };
  }
  const module = await hub.modules.get(identityPath(row.deviceId, row.moduleId), signal);
  const managed = module.managedBy === undefined ? row : { ...row, managedBy: module.managedBy };
  if (row.authentication?.type !== 'sas') return managed;
  return { ...managed, authentication: { ...row.authentication, symmetricKey: module.authentication.symmetricKey } };
}
