import type { DeviceRecord } from '../ports.ts';
import { pathOf } from '../records.ts';
import type { RegistryParts } from './parts.ts';

/** Ends the live sessions that an identity write took the right away from; a disabled device takes its modules along. */
export function endSessionAfter(
  { sessions, proofs }: Pick<RegistryParts, 'sessions' | 'proofs'>,
  before: DeviceRecord | undefined,
  after: DeviceRecord,
): void {
  if (before === undefined) return;
  if (after.status === 'disabled') {
    sessions.endAll(after.deviceId, 'disabled');
    return;
  }
  const identity = pathOf(after);
  const session = sessions.find(identity);
  if (session === undefined) return;
  const credential = proofs.get(session.sender)?.credential ?? 'primaryKey';
  if (credential === 'policy') return;
  const held = credential === 'authority' || stillHolds(after, before[credential]);
  if (before.authType !== after.authType || !held) sessions.end(identity, 'key-changed');
}

/** Keys and thumbprints may change places without harm: whoever shows one of them is let in. */
function stillHolds(record: DeviceRecord, credential: string | null): boolean {
  const { primaryKey, secondaryKey, primaryThumbprint, secondaryThumbprint } = record;
  return [primaryKey, secondaryKey, primaryThumbprint, secondaryThumbprint].includes(credential);
}
