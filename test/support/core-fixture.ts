/** A hub's core over real stores in memory, for tests of the core and of the fronts. */
import { createGatekeeper } from '../../src/hub/auth/gatekeeper.ts';
import { loadPolicies } from '../../src/hub/auth/policies.ts';
import type { ArtifactFiles } from '../../src/hub/core/artifacts/service.ts';
import type { FileStorage } from '../../src/hub/core/files/files.ts';
import { createCore, type RunningCore } from '../../src/hub/core/core.ts';
import type { ProvisioningSettings } from '../../src/hub/core/provisioning/provisioning.ts';
import type { RegistryStore, Sender, TelemetryLog } from '../../src/hub/core/ports.ts';
import type { AccessPolicy, DeviceSession, SessionEnd } from '../../src/hub/core/services.ts';
import { openTelemetryLog } from '../../src/hub/store/log/index.ts';
import { openRegistryStore } from '../../src/hub/store/sqlite/index.ts';
import { createSasToken } from '../../src/protocol/sas-token.ts';
import type { JsonObject } from '../../src/std/json.ts';
import { fakeClock, type FakeClock } from './fake-clock.ts';

export interface CoreFixture {
  readonly core: RunningCore;
  readonly store: RegistryStore;
  readonly telemetry: TelemetryLog;
  readonly clock: FakeClock;
  readonly policies: readonly AccessPolicy[];
  /** What failed where no caller waits. */
  readonly errors: unknown[];
  /** A service token of the policy, for the host `localhost`. */
  serviceToken(policy?: string, resource?: string): string;
  close(): Promise<void>;
}

/** Stands where a test has no business with telemetry: events of the hub vanish, every other use of it fails. */
const noLog: TelemetryLog = {
  append: () => true,
  appendRun: () => true,
  note: () => undefined,
  storeNotes: () => undefined,
  drained: unused,
  read: unused,
  head: unused,
  partitions: unused,
  stats: unused,
  prune: unused,
  close: () => Promise.resolve(),
};

function unused(): never {
  throw new Error('this test has no telemetry log');
}

export async function openCore(
  options: {
    maxInFlightPerDevice?: number;
    readonly provisioning?: ProvisioningSettings;
    withLog?: boolean;
    files?: FileStorage;
    artifacts?: ArtifactFiles;
  } = {},
): Promise<CoreFixture> {
  const clock = fakeClock();
  const store = await openRegistryStore({ file: ':memory:' });
  const telemetry = options.withLog === true ? await openTelemetryLog({ file: ':memory:', clock }) : noLog;
  const policies = await loadPolicies(store);
  const errors: unknown[] = [];
  const core = createCore({
    store,
    telemetry,
    gatekeeper: createGatekeeper({ store, clock, policies, hostNames: ['localhost', 'hub.example'] }),
    clock,
    onError: (error) => errors.push(error),
    ...options,
  });
  return {
    core,
    store,
    telemetry,
    clock,
    policies,
    errors,
    serviceToken(policy = 'iothubowner', resource = 'localhost') {
      const found = policies.find(({ name }) => name === policy)!;
      return createSasToken({
        resource,
        key: found.primaryKey,
        keyName: policy,
        expiresAt: clock.now() / 1_000 + 3_600,
      });
    },
    async close() {
      await core.close();
      await telemetry.close();
      await store.close();
    },
  };
}

export interface FakeSession extends DeviceSession {
  methodReady: boolean;
  readonly methods: { requestId: string; methodName: string; payload: string }[];
  readonly desired: JsonObject[];
  readonly ends: SessionEnd[];
}

/** A device's session that notes what it is told. */
export function fakeSession(
  sender: Sender,
  options: { methodReady?: boolean; onMethod?: (requestId: string) => void } = {},
): FakeSession {
  const session: FakeSession = {
    sender,
    protocol: 'mqtt',
    remote: 'test',
    methodReady: options.methodReady ?? false,
    methods: [],
    desired: [],
    ends: [],
    sendMethod(request) {
      session.methods.push(request);
      options.onMethod?.(request.requestId);
    },
    sendDesired: (patch) => void session.desired.push(patch),
    close: (reason) => void session.ends.push(reason),
  };
  return session;
}

/** The sender of a registered device, as its own key proves it. */
export async function senderOf(fixture: CoreFixture, deviceId: string, modelId = ''): Promise<Sender> {
  return (
    await fixture.core.gatekeeper.authenticateDevice({
      identity: deviceId,
      token: await deviceToken(fixture, deviceId),
      modelId,
    })
  ).sender;
}

export async function deviceToken(fixture: CoreFixture, deviceId: string): Promise<string> {
  const { primaryKey } = (await fixture.core.registry.get(deviceId)).authentication.symmetricKey;
  return createSasToken({
    resource: `localhost/devices/${deviceId}`,
    key: primaryKey ?? '',
    expiresAt: fixture.clock.now() / 1_000 + 3_600,
  });
}
