import type { Clock } from '../../../std/clock.ts';
import type { DeviceRecord, RegistryStore } from '../ports.ts';
import type { DeviceSession, SessionEnd, SessionService } from '../services.ts';
import { createActivityRecorder } from './activity.ts';

/** The session service with what only the core itself may ask of it. */
export interface Sessions extends SessionService {
  /** Ends the device's session, if it has one. The device counts as disconnected at once. */
  end(deviceId: string, reason: SessionEnd): void;
  /** Resolves when reads from the store show every connection as it is now. */
  flushStates(): Promise<void>;
  /** Calls `ready` once, when the device has a session that listens for methods; the returned function cancels. */
  whenMethodReady(deviceId: string, ready: (session: DeviceSession) => void): () => void;
  close(): Promise<void>;
}

export interface SessionParts {
  readonly store: RegistryStore;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
  /** Told after a session began with the device's record as it is then; undefined when the device is gone. */
  readonly attached: (session: DeviceSession, record: DeviceRecord | undefined) => void;
}

type Waiters = Map<string, Set<(session: DeviceSession) => void>>;

export function createSessions({ store, clock, onError, attached }: SessionParts): Sessions {
  const live = new Map<string, DeviceSession>();
  const waiters: Waiters = new Map();
  const activity = createActivityRecorder({ store, clock, onError });

  function wake(session: DeviceSession): void {
    const waiting = waiters.get(session.sender.deviceId);
    if (!session.methodReady || waiting === undefined) return;
    waiters.delete(session.sender.deviceId);
    for (const ready of waiting) ready(session);
  }

  /** Between the credential check and the attach the device may have been disabled, re-keyed or deleted: look again. */
  async function recheck(session: DeviceSession): Promise<void> {
    const record = await store.read(session.sender.deviceId);
    if (live.get(session.sender.deviceId) === session) attached(session, record);
  }

  const sessions: Sessions = {
    attach(session) {
      const { deviceId } = session.sender;
      const older = live.get(deviceId);
      live.set(deviceId, session);
      if (older !== undefined && older !== session) older.close('displaced');
      activity.changed(deviceId, 'Connected');
      wake(session);
      recheck(session).catch(onError);
    },
    detach(session) {
      const { deviceId } = session.sender;
      if (live.get(deviceId) !== session) return;
      live.delete(deviceId);
      activity.changed(deviceId, 'Disconnected');
    },
    methodsChanged(session) {
      if (live.get(session.sender.deviceId) === session) wake(session);
    },
    find: (deviceId) => live.get(deviceId),
    touch: (deviceId) => activity.seen(deviceId),
    get size() {
      return live.size;
    },
    readSubscriptions: (deviceId) => store.readSession(deviceId),
    writeSubscriptions: (deviceId, filters) => store.writeSession(deviceId, filters),
    end(deviceId, reason) {
      const session = live.get(deviceId);
      if (session === undefined) return;
      sessions.detach(session);
      session.close(reason);
    },
    flushStates: () => activity.flushStates(),
    whenMethodReady(deviceId, ready) {
      const session = live.get(deviceId);
      if (session?.methodReady === true) {
        ready(session);
        return () => undefined;
      }
      return addWaiter(waiters, deviceId, ready);
    },
    async close() {
      for (const deviceId of live.keys()) sessions.end(deviceId, 'shutdown');
      await activity.close();
    },
  };
  return sessions;
}

function addWaiter(waiters: Waiters, deviceId: string, ready: (session: DeviceSession) => void): () => void {
  const waiting = waiters.get(deviceId) ?? new Set();
  waiters.set(deviceId, waiting.add(ready));
  return () => {
    waiting.delete(ready);
    if (waiting.size === 0 && waiters.get(deviceId) === waiting) waiters.delete(deviceId);
  };
}
