import type { Clock } from '../../../std/clock.ts';
import { identityPath, type IdentityPath } from '../../../protocol/identity-path.ts';
import type { ConnectionState } from '../../../protocol/identity.ts';
import type { RegistryStore, Sender } from '../ports.ts';
import type { DeviceSession, SessionEnd, SessionService } from '../services.ts';
import { createActivityRecorder } from './activity.ts';
import { createLiveSessions } from './live-sessions.ts';

/** The session service with what only the core itself may ask of it. */
export interface Sessions extends SessionService {
  /** Ends the identity's session, if it has one. The identity counts as disconnected at once. */
  end(identity: IdentityPath, reason: SessionEnd): void;
  /** Ends the sessions of a device and of all its modules. */
  endAll(deviceId: string, reason: SessionEnd): void;
  /** Resolves when reads from the store show every connection as it is now. */
  flushStates(): Promise<void>;
  /** Calls `ready` once, when the identity has a session that listens for methods; the returned function cancels. */
  whenMethodReady(identity: IdentityPath, ready: (session: DeviceSession) => void): () => void;
  close(): Promise<void>;
}

/** Told of ends that somebody may want to know of. */
export interface SessionNotes {
  /** A newer session took the place of an older one. */
  displaced(older: DeviceSession, newer: DeviceSession): void;
  /** The hub ended a session. */
  ended(session: DeviceSession, reason: SessionEnd): void;
}

export interface SessionParts {
  readonly store: RegistryStore;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
  /** Told when an identity has connected and was not before, and when it has disconnected. */
  readonly connection?: ((sender: Sender, state: ConnectionState) => void) | undefined;
  readonly notes?: SessionNotes | undefined;
  /** Runs after a session began, while it lasts: what has changed since its credentials were checked may end it. */
  readonly attached: (session: DeviceSession) => Promise<void>;
}

type Waiters = Map<IdentityPath, Set<(session: DeviceSession) => void>>;

export function createSessions({ store, clock, onError, attached, connection, notes }: SessionParts): Sessions {
  const live = createLiveSessions();
  const waiters: Waiters = new Map();
  const activity = createActivityRecorder({ store, clock, onError });

  function wake(identity: IdentityPath, session: DeviceSession): void {
    const waiting = waiters.get(identity);
    if (!session.methodReady || waiting === undefined) return;
    waiters.delete(identity);
    for (const ready of waiting) ready(session);
  }

  const sessions: Sessions = {
    attach(session) {
      const identity = pathOfSession(session);
      const older = live.get(identity);
      live.set(identity, session);
      if (older !== undefined && older !== session) {
        older.close('displaced');
        notes?.displaced(older, session);
      }
      activity.changed(identity, 'Connected');
      if (older === undefined) connection?.(session.sender, 'Connected');
      wake(identity, session);
      attached(session).catch(onError);
    },
    detach(session) {
      const identity = pathOfSession(session);
      if (live.get(identity) !== session) return;
      live.delete(identity);
      activity.changed(identity, 'Disconnected');
      connection?.(session.sender, 'Disconnected');
    },
    methodsChanged(session) {
      const identity = pathOfSession(session);
      if (live.get(identity) === session) wake(identity, session);
    },
    find: (identity) => live.get(identity),
    touch: (identity) => activity.seen(identity),
    get size() {
      return live.size;
    },
    readSubscriptions: (identity) => store.readSession(identity),
    writeSubscriptions: (identity, filters) => store.writeSession(identity, filters),
    end(identity, reason) {
      const session = live.get(identity);
      if (session === undefined) return;
      sessions.detach(session);
      session.close(reason);
      notes?.ended(session, reason);
    },
    endAll(deviceId, reason) {
      for (const identity of live.familyOf(deviceId)) sessions.end(identity, reason);
    },
    flushStates: () => activity.flushStates(),
    whenMethodReady(identity, ready) {
      const session = live.get(identity);
      if (session?.methodReady === true) {
        ready(session);
        return () => undefined;
      }
      return addWaiter(waiters, identity, ready);
    },
    async close() {
      for (const identity of live.all()) sessions.end(identity, 'shutdown');
      await activity.close();
    },
  };
  return sessions;
}

/** The identity a session belongs to. */
export function pathOfSession({ sender }: DeviceSession): IdentityPath {
  return identityPath(sender.deviceId, sender.moduleId);
}

function addWaiter(waiters: Waiters, identity: IdentityPath, ready: (session: DeviceSession) => void): () => void {
  const waiting = waiters.get(identity) ?? new Set();
  waiters.set(identity, waiting.add(ready));
  return () => {
    waiting.delete(ready);
    if (waiting.size === 0 && waiters.get(identity) === waiting) waiters.delete(identity);
  };
}
