import { randomInt } from 'node:crypto';
import type { Clock } from '../../std/clock.ts';
import { identityPath } from '../../protocol/identity-path.ts';
import { createAudit } from './audit/audit.ts';
import { auditedGatekeeper } from './audit/audited-gatekeeper.ts';
import { auditedSessions } from './audit/session-notes.ts';
import type { AuditService } from './audit/service.ts';
import { createArtifacts } from './artifacts/artifacts.ts';
import type { ArtifactFiles } from './artifacts/service.ts';
import { createCertificates } from './certificates/certificates.ts';
import type { CertificateService } from './certificates/service.ts';
import { createCommands } from './commands/commands.ts';
import { toldCommands } from './commands/told-commands.ts';
import { createConfigurations } from './configurations/configurations.ts';
import { createDigitalTwins } from './digital-twins/digital-twins.ts';
import { createMessaging } from './messages/open-messages.ts';
import { createFiles, type FileStorage } from './files/files.ts';
import { createEvents } from './events/events.ts';
import { disturbedGatekeeper } from './faults/disturbed-gatekeeper.ts';
import { disturbedLog } from './faults/disturbed-log.ts';
import { disturbedSessions } from './faults/disturbed-sessions.ts';
import { createFaults } from './faults/faults.ts';
import { faultyCommands } from './faults/faulty-commands.ts';
import { createJobs } from './jobs/jobs.ts';
import type { RegistryStore, Sender, TelemetryLog } from './ports.ts';
import { createProvisioning, type ProvisioningSettings } from './provisioning/provisioning.ts';
import { createQueries } from './queries.ts';
import { createDeviceRecords, type DeviceRecords } from './records.ts';
import { createRecords } from './records/records.ts';
import { createRegistry } from './registry/registry.ts';
import type { Gatekeeper, HubCore } from './services.ts';
import { rememberProofs, type Proofs } from './sessions/proofs.ts';
import { findRevocation } from './sessions/revocation.ts';
import { createSessions, pathOfSession, type Sessions } from './sessions/sessions.ts';
import { activeJobLimit } from './throttling/quotas.ts';
import { throttledMessages } from './throttling/throttled-messages.ts';
import { throttledTwins } from './throttling/throttled-twins.ts';
import { createThrottle, type Imitation } from './throttling/throttle.ts';
import { createTwins } from './twins/twins.ts';

export interface CoreParts {
  readonly store: RegistryStore;
  readonly telemetry: TelemetryLog;
  readonly gatekeeper: Gatekeeper;
  /** Given by whoever lets the gatekeeper look into it too. */
  readonly certificates?: CertificateService | undefined;
  readonly clock: Clock;
  /** Where files are kept; without it devices cannot upload any. */
  readonly files?: FileStorage | undefined;
  /** Where firmware files are kept; without it the hub keeps none. */
  readonly artifacts?: ArtifactFiles | undefined;
  /** Told of failures that no caller waits for: a batch of activity that could not be written, a check after connect. */
  readonly onError: (error: unknown) => void;
  /** Told what became of each direct method: `answered`, the name of a refusal, or `failed`. */
  readonly onCommand?: ((result: string) => void) | undefined;
  readonly maxInFlightPerDevice?: number | undefined;
  /** What events call the hub; localhost when absent. */
  readonly hubName?: string | undefined;
  /** Which limits of the cloud to imitate; none when absent. */
  readonly imitation?: Imitation | undefined;
  /** How devices are provisioned; the hub is called localhost when absent. */
  readonly provisioning?: ProvisioningSettings | undefined;
  /** Given by whoever lets the store ask it; one that notes no writes when absent. */
  readonly audit?: AuditService | undefined;
  /** In [0, 1), for faults; the system's own when absent. */
  readonly random?: (() => number) | undefined;
}

export interface RunningCore extends HubCore {
  /** Resolves when what an earlier run left is known, or cleared away. */
  readonly ready: Promise<void>;
  /** Ends calls and sessions and writes what is pending; the stores stay open. */
  close(): Promise<void>;
}

/** The hub without any protocol: what a front may ask, over a registry store and a telemetry log. */
export function createCore(parts: CoreParts): RunningCore {
  const { store, clock, telemetry } = parts;
  const events = createEvents({ telemetry, clock, hubName: parts.hubName ?? 'localhost', onError: parts.onError });
  const records = createDeviceRecords(store, events.wrote);
  const proofs: Proofs = new WeakMap();
  const audit = parts.audit ?? createAudit({ store: store.audit, clock, onError: parts.onError });
  const sessions: Sessions = createSessions({
    store,
    clock,
    onError: parts.onError,
    connection: events.connection,
    notes: auditedSessions(audit),
    async attached(session) {
      const identity = pathOfSession(session);
      const proof = proofs.get(session.sender);
      // Nothing was written since the credentials were looked at: there is nothing that could have taken the right away.
      const unchanged = proof !== undefined && proof.writes === store.writes;
      const revoked = unchanged ? undefined : await findRevocation(store, session.sender, proof?.identityCounter);
      if (sessions.find(identity) !== session) return;
      if (revoked === undefined) await noteModel(records, session.sender);
      else sessions.end(identity, revoked);
    },
  });
  const faults = createFaults({ clock, random: parts.random ?? systemRandom });
  const throttle = createThrottle(parts.imitation, clock);
  const messaging = createMessaging({ store, records, clock, onError: parts.onError, told: events.messages });
  const { messages } = messaging;
  const methods = createCommands({ records, sessions, clock, maxInFlightPerDevice: parts.maxInFlightPerDevice });
  const commands = toldCommands(faultyCommands(methods, faults, clock), parts.onCommand ?? (() => undefined));
  const told = disturbedSessions(sessions, { faults, clock });
  const twins = createTwins({ records, sessions: told, messages, clock });
  const { onError } = parts;
  const maxActive = activeJobLimit(parts.imitation?.tier);
  const jobs = createJobs({ store, clock, twins, commands, throttle, maxActive, onError });
  const registry = createRegistry({
    store,
    records,
    sessions,
    proofs,
    messages,
    clock,
    wrote: events.wrote,
    removed: (identity) => void messages.forget(identity).catch(onError),
  });
  const queries = createQueries(store, sessions, messages, jobs);
  const { modules } = registry;
  const configurations = createConfigurations({ store, records, sessions: told, modules, queries, clock, onError });
  const files = createFiles({
    store,
    storage: parts.files,
    notifications: messaging.fileNotifications,
    registry,
    configurations,
    clock,
    onError,
  });
  const certificates = parts.certificates ?? createCertificates({ documents: store.documents, clock });
  const artifacts = createArtifacts({ store, files: parts.artifacts, clock, onError });
  const settings = parts.provisioning ?? { hubHostName: 'localhost' };
  return {
    gatekeeper: auditedGatekeeper(
      rememberProofs(disturbedGatekeeper(parts.gatekeeper, { faults, throttle, clock }), proofs, store),
      audit,
    ),
    audit,
    registry,
    certificates,
    twins: throttledTwins(twins, throttle),
    queries,
    sessions,
    commands,
    messages: throttledMessages(messages, throttle),
    feedback: messaging.feedback,
    fileNotifications: messaging.fileNotifications,
    ready: Promise.all([messages.ready, artifacts.ready]).then(() => undefined),
    telemetry: disturbedLog(telemetry, { faults, throttle, sessions, clock }),
    files,
    jobs,
    configurations,
    digitalTwins: createDigitalTwins(twins, commands),
    artifacts,
    records: createRecords({ documents: store.documents, onError: parts.onError }),
    faults,
    throttle,
    provisioning: createProvisioning({
      ...settings,
      store,
      certificates,
      registry,
      twins,
      clock,
      onError,
    }),
    async close() {
      // Before commands are refused: a job would take that for the answer of its devices.
      const jobsClosed = jobs.close();
      methods.close();
      await jobsClosed;
      await configurations.close();
      await files.close();
      await sessions.close();
      await messaging.close();
      await audit.close();
      events.close();
    },
  };
}

/** Whether a fault with a probability strikes need not be secret, but it must not repeat. */
function systemRandom(): number {
  return randomInt(2 ** 32) / 2 ** 32;
}

/** Keeps the model the device announced on its twin. Source: device.md §1.4. */
async function noteModel(records: DeviceRecords, { deviceId, moduleId, modelId }: Sender): Promise<void> {
  const identity = identityPath(deviceId, moduleId);
  if (modelId === '' || (await records.read(identity)).modelId === modelId) return;
  await records.change(identity, (record) => {
    if (record === undefined) throw new Error(`'${identity}' was deleted while it connected`);
    const write = { ...record, modelId, revision: record.revision + 1, twinVersion: record.twinVersion + 1 };
    return { write, result: undefined };
  });
}
