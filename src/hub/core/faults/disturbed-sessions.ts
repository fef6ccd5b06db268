import type { DeviceSession } from '../services.ts';
import { pathOfSession, type Sessions } from '../sessions/sessions.ts';
import type { DisturbanceParts } from './disturbed-log.ts';

/** Where a changed twin finds the session to tell: what is sent there meets faults. */
export function disturbedSessions(
  sessions: Sessions,
  { faults, clock }: Omit<DisturbanceParts, 'sessions' | 'throttle'>,
): Pick<Sessions, 'find' | 'flushStates'> {
  const tell = (session: DeviceSession, send: () => void): void => {
    const identity = pathOfSession(session);
    const fault = faults.at('send', identity);
    if (fault === undefined) return send();
    if (fault.kind === 'delay') clock.after(fault.delayMs, send, { unref: true });
    if (fault.kind === 'disconnect') sessions.end(identity, 'fault');
  };
  return {
    find(identity) {
      const session = sessions.find(identity);
      if (session === undefined) return undefined;
      return {
        sender: session.sender,
        protocol: session.protocol,
        remote: session.remote,
        methodReady: session.methodReady,
        sendMethod: (request) => session.sendMethod(request),
        sendDesired: (patch, version) => tell(session, () => session.sendDesired(patch, version)),
        close: (reason) => session.close(reason),
      };
    },
    flushStates: () => sessions.flushStates(),
  };
}
