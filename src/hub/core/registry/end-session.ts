import type { DeviceRecord } from '../ports.ts';
import type { Sessions } from '../sessions/sessions.ts';

/** Ends the device's live session when an identity write took away what it rests on. */
export function endSessionAfter(sessions: Sessions, before: DeviceRecord | undefined, after: DeviceRecord): void {
  if (before === undefined) return;
  if (after.status === 'disabled') {
    sessions.end(after.deviceId, 'disabled');
    return;
  }
  const rekeyed =
    before.authType !== after.authType ||
    before.primaryKey !== after.primaryKey ||
    before.secondaryKey !== after.secondaryKey;
  // A session that came with a policy's token does not rest on the device's own keys.
  if (rekeyed && sessions.find(after.deviceId)?.sender.auth.scope !== 'hub')
    sessions.end(after.deviceId, 'key-changed');
}
