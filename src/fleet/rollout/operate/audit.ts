import type { JsonValue } from '../../../std/json.ts';
import type { Hub } from '../../ports.ts';
import type { AuditEntry } from '../model/record.ts';
import { readAudit } from '../records/index.ts';

/** Entries of an audit, in order; with a device those that it made or that name it. */
export async function* findAuditEntries(
  records: Hub['records'],
  id: string,
  deviceId: string | undefined,
  signal?: AbortSignal,
): AsyncGenerator<AuditEntry, void, undefined> {
  for await (const entries of readAudit(records, id, signal))
    yield* deviceId === undefined
      ? entries
      : entries.filter(({ actor, details }) => actor === deviceId || names(details, deviceId));
}

/** Whether a device's id is anywhere in the details: entries have it as a member, or in lists. */
function names(value: JsonValue, deviceId: string): boolean {
  if (typeof value === 'string') return value === deviceId;
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((member) => names(member, deviceId));
}
