import { join } from 'node:path';
import { formatConnectionString } from '../protocol/connection-string.ts';
import { entityNames } from '../protocol/event-hub-names.ts';
import { isoMillis } from '../protocol/time.ts';
import { createCertificateCheck } from './auth/certificate-check.ts';
import { amqpWhenNeeded } from './amqp-when-needed.ts';
import { createGatekeeper } from './auth/gatekeeper.ts';
import { createGuessLimit } from './auth/guess-limit.ts';
import { limitedGatekeeper } from './auth/limited-gatekeeper.ts';
import { loadPolicies, provisioningPolicy } from './auth/policies.ts';
import { createAudit, createOperations } from './core/audit/audit.ts';
import { createCertificates } from './core/certificates/certificates.ts';
import { createCore } from './core/core.ts';
import type { RegistryStore } from './core/ports.ts';
import type { AccessPolicy } from './core/services.ts';
import { openDataDirectory } from './data-directory.ts';
import { eventHubConnectionString, hubCreatedAt } from './event-hub-endpoint.ts';
import { createDoor, withinOpenFiles } from './door.ts';
import { createHttpFront } from './http/index.ts';
import { chooseLimits, flattenLimits, otherLimits, type HubLimits } from './limits/index.ts';
import { drain, type Listener } from './listeners.ts';
import { silentLog, type HubLog } from './log.ts';
import { countingGatekeeper, createCounters } from './operations/counting.ts';
import { openOperations } from './operations/index.ts';
import { createMqttFront } from './mqtt/index.ts';
import { createMemoryBudget } from './memory-budget.ts';
import { openFilesLimit } from './open-files.ts';
import type { HubOptions, RunningHub } from './options.ts';
import { provisioningSettings } from './provisioning/settings.ts';
import { keepReplacementPorts, readReplacementPorts, type ReplacementPorts } from './replacement-ports.ts';
import { openListeners } from './servers.ts';
import { createShutdown, type Shutdown } from './shutdown.ts';
import { writeHubState, type HubInfo } from './state.ts';
import { createArtifactFiles } from './store/artifacts/index.ts';
import { createBlobFiles, openRemoteContainer } from './store/blobs/index.ts';
import { createStoreHealth } from './store/health.ts';
import { openTelemetryLog } from './store/log/index.ts';
import { openRegistryStore } from './store/sqlite/index.ts';
import { loadCertificates } from './tls/index.ts';
import { joinBlobs } from './web.ts';

/** Names every hub answers to, whatever else it is called. */
const localNames = ['localhost', '127.0.0.1', '::1'] as const;

/**
 * Starts a hub and resolves when every listener is up. What was begun is undone when a step fails.
 * Failures: `hub-running`, `port-taken` (naming the flag), `permission-denied`, `disk-full`, `io`, `runtime-too-old`.
 */
export async function startHub(options: HubOptions): Promise<RunningHub> {
  const shutdown = createShutdown(options.clock, options.log ?? silentLog);
  try {
    return await compose(options, shutdown);
  } catch (error) {
    await shutdown.run().catch(() => undefined);
    throw error;
  }
}

/** The hub's parts in the order they need each other; the shutdown runs the other way round. */
async function compose(options: HubOptions, shutdown: Shutdown): Promise<RunningHub> {
  const { clock, log = silentLog, version } = options;
  const directory = await openDataDirectory({ dataDir: options.dataDir, ephemeral: options.ephemeral === true });
  shutdown.add('data directory', () => directory.release());
  const hostNames = [...new Set([...localNames, ...(options.hostNames ?? []).map((name) => name.toLowerCase())])];

  // Before the stores: threads that come later reuse the memory of the one that made certificates.
  const certificates = await loadCertificates(join(directory.path, 'tls'), hostNames, clock.now());
  const audited = createOperations(clock);
  const health = createStoreHealth({ clock, log });
  shutdown.add('store health', () => health.close());
  const onError = (error: unknown): void => log.error({ err: error }, 'work in the background failed');
  const current = await openRegistryStore({
    file: join(directory.path, 'registry.db'),
    auditor: audited.auditor,
    health: health.part('registry'),
    log,
    clock,
  });
  shutdown.add('registry store', () => current.close());
  await current.disconnectAll(clock.now());
  const store = await imitateLag(current, options, onError, shutdown);
  const telemetry = await openTelemetryLog({
    file: join(directory.path, 'telemetry.db'),
    retention: options.retention,
    routed: options.routes,
    health: health.part('telemetry'),
    clock,
    onError,
  });
  shutdown.add('telemetry log', () => telemetry.close());
  const policies = await loadPolicies(store);
  const audit = createAudit({
    store: store.audit,
    operations: audited,
    clock,
    onError,
    retention: options.auditRetention,
  });

  // Undone after the core is closed, which is what may still have something to tell.
  shutdown.add('audit', () =>
    audit.tell({ event: 'hub.stop', source: 'hub', result: 'noticed', details: { pid: options.pid } }),
  );
  const authorities = createCertificates({ documents: store.documents, clock });
  const check = createCertificateCheck({ clock, authorities: () => authorities.trusted() });
  const limits = await fittingLimits(options, log);
  const gatekeeper = limitedGatekeeper(
    createGatekeeper({
      store,
      clock,
      policies,
      hostNames,
      refuseKeysOf: options.refuseKeysOf,
      certificates: check,
    }),
    createGuessLimit(limits.credentials, clock),
  );
  const files = { blobs: createBlobFiles(join(directory.path, 'blobs')), openContainer: openRemoteContainer };
  const counters = createCounters();
  const hostName = options.hostNames?.[0] ?? 'localhost';
  const provisioning = provisioningSettings(options.provisioning ?? {}, { hostName, clock });
  const core = createCore({
    store,
    telemetry,
    files,
    artifacts: createArtifactFiles(join(directory.path, 'artifacts')),
    gatekeeper: countingGatekeeper(gatekeeper, counters),
    certificates: authorities,
    audit,
    onCommand: (result) => counters.commands.add({ result }),
    clock,
    onError,
    hubName: entityNames([hostName])[0],
    provisioning,
    imitation: options.imitation,
  });
  shutdown.add('core', () => core.close());
  await core.ready;
  const door = createDoor({ limits: limits.connections, clock, log });
  const known = (stream: object): void => door.known(stream);
  const unfinished = createMemoryBudget(limits.memory.unfinishedBytes);
  const listeners: Listener[] = [];
  shutdown.add('connections', () => drain(listeners, clock));
  const publicAddress = {
    hostNames,
    hostName,
    httpsPort: () => portsOf(listeners).https ?? undefined,
    httpPort: () => portsOf(listeners).http ?? undefined,
  };
  const operations = openOperations({
    door,
    unfinished,
    core,
    counters,
    listeners,
    certificates,
    health,
    dataDir: directory.path,
    version,
    clock,
  });
  const rest = await createHttpFront({
    core,
    clock,
    log,
    version,
    publicAddress,
    operations,
    limits: limits.http,
    known,
    unfinished,
  });
  const http = joinBlobs(rest, core.files.blobs, { clock, log, limits: limits.http, known });
  shutdown.add('HTTP front', () => http.close());
  const onSlowed = (): void => void counters.slowed++;
  const mqttLimits = { ...limits.mqtt, ...limits.device };
  const mqtt = createMqttFront({ core, clock, log, limits: mqttLimits, known, unfinished, onSlowed });
  shutdown.add('MQTT front', () => mqtt.close());
  const eventHubs = {
    hostNames: [hostName, ...hostNames],
    consumerGroups: options.consumerGroups ?? [],
    createdAt: await hubCreatedAt(store, clock.now()),
    amqpsPort: () => portsOf(listeners).amqps ?? undefined,
  };
  const amqp = amqpWhenNeeded({
    core,
    clock,
    log,
    eventHubs,
    limits: { ...limits.amqp, turnBytes: limits.device.turnBytes },
    known,
    unfinished,
  });
  shutdown.add('AMQP front', () => amqp.close());
  shutdown.add('listeners', () => listeners.forEach((listener) => listener.stop()));
  const replacements = await readReplacementPorts(directory.path);
  await openListeners(
    options,
    { hostNames, http, mqtt, amqp, certificate: certificates.server, operations, door, limits, log, replacements },
    listeners,
  );
  const taken = listeners.flatMap(({ fallback }) => (fallback === undefined ? [] : [[fallback.name, fallback.got]]));
  // A convenience, for which no hub stays down.
  await keepReplacementPorts(directory.path, Object.fromEntries(taken) as ReplacementPorts).catch((error: unknown) =>
    log.warn({ err: error }, 'the ports that were replaced could not be noted'),
  );

  const ports = portsOf(listeners);
  const info = {
    hostName,
    ports,
    connectionString: policyConnectionString(hostName, policies, ownerPolicy),
    eventHubConnectionString: eventHubConnectionString({ hostName, ports }, policies),
    dps: {
      endpoint: hostName,
      idScope: await core.provisioning.idScope(),
      connectionString: policyConnectionString(hostName, policies, provisioningPolicy),
    },
    caFile: certificates.caFile,
    dataDir: directory.path,
    pid: options.pid,
  };
  await writeHubState({ ...info, version, startedAt: isoMillis(clock.now()), limits: flattenLimits(limits) });
  const details = { version, pid: options.pid, limits: otherLimits(limits) };
  audit.tell({ event: 'hub.start', source: 'hub', result: 'noticed', details });
  log.info({ ports: info.ports, dataDir: info.dataDir }, 'hub is up');
  return {
    info,
    fallbacks: listeners.flatMap(({ fallback }) => fallback ?? []),
    records: {
      has: async (prefix) => (await core.records.list({ prefix, limit: 1 })).records.length > 0,
      onChange: (prefix, listener) => core.records.onChange(prefix, listener),
    },
    close() {
      operations.stopping();
      return shutdown.run();
    },
  };
}

/** What was chosen, as far as this process may open as many files. */
async function fittingLimits({ limits: choices = {} }: HubOptions, log: HubLog): Promise<HubLimits> {
  const chosen = chooseLimits(choices);
  const openFiles = await openFilesLimit();
  const { limits: connections, lowered } = withinOpenFiles(chosen.connections, openFiles);
  const { total, operators } = connections;
  if (lowered)
    log.info({ openFiles, total, operators }, 'fewer connections are taken, as this process may open no more files');
  else if (operators < chosen.connections.operators)
    log.info({ total, operators }, 'fewer connections are kept for operators, as there are so few');
  return { ...chosen, connections };
}

/** The registry as the cloud's queries see it: behind by the lag that is imitated. */
async function imitateLag(
  store: RegistryStore,
  { imitation, clock }: HubOptions,
  onError: (error: unknown) => void,
  shutdown: Shutdown,
): Promise<RegistryStore> {
  const lagMs = imitation?.lagMs ?? 0;
  if (lagMs === 0) return store;
  const { openLaggingStore } = await import('./core/throttling/lagging-store.ts');
  const replica = await openRegistryStore({ file: ':memory:' });
  const lagging = await openLaggingStore({ store, replica, clock, lagMs, onError });
  shutdown.add('lagging queries', () => lagging.close());
  return lagging;
}

function portsOf(listeners: readonly Listener[]): HubInfo['ports'] {
  const port = (wanted: string): number | null => listeners.find(({ name }) => name === wanted)?.port ?? null;
  return {
    mqtt: port('mqtt'),
    mqtts: port('mqtts'),
    amqp: port('amqp'),
    amqps: port('amqps'),
    http: port('http'),
    https: port('https'),
    operations: port('operations'),
  };
}

/** The policy with every right; it is among the ones a hub starts with. */
const ownerPolicy = 'iothubowner';

function policyConnectionString(hostName: string, policies: readonly AccessPolicy[], name: string): string {
  const policy = policies.find((each) => each.name === name);
  if (policy === undefined) throw new Error(`the policy ${name} is missing`);
  return formatConnectionString({ hostName, sharedAccessKeyName: name, sharedAccessKey: policy.primaryKey });
}
