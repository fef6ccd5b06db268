import type { Clock } from '../../std/clock.ts';
import { createCommands } from './commands/commands.ts';
import { createMessaging } from './messages/open-messages.ts';
import type { DeviceRecord, RegistryStore, Sender, TelemetryLog } from './ports.ts';
import { createQueries } from './queries.ts';
import { createDeviceRecords, type DeviceRecords } from './records.ts';
import { createRegistry } from './registry/registry.ts';
import type { DeviceSession, Gatekeeper, HubCore } from './services.ts';
import { createSessions, type Sessions } from './sessions/sessions.ts';
import { createTwins } from './twins/twins.ts';

export interface CoreParts {
  readonly store: RegistryStore;
  readonly telemetry: TelemetryLog;
  readonly gatekeeper: Gatekeeper;
  readonly clock: Clock;
  /** Told of failures that no caller waits for: a batch of activity that could not be written, a check after connect. */
  readonly onError: (error: unknown) => void;
  readonly maxInFlightPerDevice?: number | undefined;
}

export interface RunningCore extends HubCore {
  /** Resolves when what an earlier run left in the queues is known. */
  readonly ready: Promise<void>;
  /** Ends calls and sessions and writes what is pending; the stores stay open. */
  close(): Promise<void>;
}

/** The hub without any protocol: what a front may ask, over a registry store and a telemetry log. */
export function createCore(parts: CoreParts): RunningCore {
  const { store, clock, telemetry } = parts;
  const records = createDeviceRecords(store);
  const proved = new WeakMap<Sender, number>();
  const sessions: Sessions = createSessions({
    store,
    clock,
    onError: parts.onError,
    attached(session, record) {
      const ended = endIfRevoked(sessions, session, record, proved.get(session.sender));
      if (!ended) noteModel(records, session.sender).catch(parts.onError);
    },
  });
  const messaging = createMessaging({ store, records, clock, onError: parts.onError });
  const commands = createCommands({ records, sessions, clock, maxInFlightPerDevice: parts.maxInFlightPerDevice });
  return {
    gatekeeper: rememberProofs(parts.gatekeeper, proved),
    registry: createRegistry({ store, records, sessions, clock }),
    twins: createTwins({ records, sessions, clock }),
    queries: createQueries(store, sessions),
    sessions,
    commands,
    messages: messaging.messages,
    feedback: messaging.feedback,
    fileNotifications: messaging.fileNotifications,
    ready: messaging.messages.ready,
    telemetry,
    async close() {
      commands.close();
      await sessions.close();
      await messaging.close();
    },
  };
}

/** Notes at which identity version a sender was proved, so that a session that begins later can be compared with it. */
function rememberProofs(gatekeeper: Gatekeeper, proved: WeakMap<Sender, number>): Gatekeeper {
  return {
    authorizeService: (request) => gatekeeper.authorizeService(request),
    authorizeEventHub: (token) => gatekeeper.authorizeEventHub(token),
    async authenticateDevice(request) {
      const principal = await gatekeeper.authenticateDevice(request);
      proved.set(principal.sender, principal.identityCounter);
      return principal;
    },
  };
}

/** Ends a session whose device was deleted, disabled or re-keyed between the credential check and the attach. */
function endIfRevoked(
  sessions: Sessions,
  session: DeviceSession,
  record: DeviceRecord | undefined,
  provedAt: number | undefined,
): boolean {
  const { deviceId, generationId, auth } = session.sender;
  if (record === undefined || record.generationId !== generationId) sessions.end(deviceId, 'deleted');
  else if (record.status === 'disabled') sessions.end(deviceId, 'disabled');
  else if (auth.scope === 'device' && provedAt !== undefined && record.identityCounter !== provedAt)
    sessions.end(deviceId, 'key-changed');
  else return false;
  return true;
}

/** Keeps the model the device announced on its twin. Source: device.md §1.4. */
async function noteModel(records: DeviceRecords, { deviceId, modelId }: Sender): Promise<void> {
  if (modelId === '' || (await records.read(deviceId)).modelId === modelId) return;
  await records.change(deviceId, (record) => {
    if (record === undefined) throw new Error(`device '${deviceId}' was deleted while it connected`);
    const write = { ...record, modelId, revision: record.revision + 1, twinVersion: record.twinVersion + 1 };
    return { write, result: undefined };
  });
}
