import type { Clock } from '../../../std/clock.ts';
import type { IdentityPath } from '../../../protocol/identity-path.ts';
import type { DeviceRecords } from '../records.ts';
import type { DeviceSession } from '../services.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { notOnline } from './errors.ts';
import { waitFor } from './wait.ts';

export interface ListenerParts {
  readonly records: DeviceRecords;
  readonly sessions: Sessions;
  readonly clock: Clock;
}

/**
 * The session of a device that is connected and listens for methods, if it comes to that within the time.
 * Failures: HubErrors DeviceNotFound, DeviceNotOnline. Source: device.md §7.
 */
export async function findListener(
  { records, sessions, clock }: ListenerParts,
  identity: IdentityPath,
  waitSeconds: number,
  signal: AbortSignal,
): Promise<DeviceSession> {
  const record = await records.read(identity);
  const session = sessions.find(identity);
  if (session?.methodReady === true) return session;
  const later =
    waitSeconds === 0
      ? undefined
      : await waitFor<DeviceSession | undefined>({
          clock,
          ms: waitSeconds * 1_000,
          signal,
          begin: ({ resolve }) => sessions.whenMethodReady(identity, resolve),
          late: ({ resolve }) => resolve(undefined),
        });
  if (later !== undefined) return later;
  await sessions.flushStates();
  const latest = await records.read(identity).catch(() => record);
  throw notOnline(latest, sessions.find(identity), waitSeconds);
}
