/** A whole hub on free loopback ports with an operator's client and real devices, for tests that need all three. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectHub, type Hub } from '../../src/client/index.ts';
import type { KeyConnection } from '../../src/config/profile.ts';
import { connectDevice, parseEndpoint, type DeviceConnection } from '../../src/device/index.ts';
import { startHub, type HubInfo, type RunningHub } from '../../src/hub/index.ts';
import type { HubOptions } from '../../src/hub/options.ts';
import { parseConnectionString } from '../../src/protocol/connection-string.ts';
import type { BulkDevice } from '../../src/protocol/identity.ts';
import type { TelemetryMessage } from '../../src/protocol/telemetry/index.ts';
import { lastingHubPorts } from '../support/lasting-ports.ts';
import { realClock } from '../support/real-clock.ts';

export interface TestHub {
  readonly info: HubInfo;
  /** The operator's side, over HTTP. */
  readonly client: Hub;
  /** The operator's side, over HTTPS with the hub's own CA. */
  secureClient(): Hub;
  /** Creates devices with new keys; answers the keys. */
  provision(deviceIds: readonly string[], more?: Partial<BulkDevice>): Promise<ReadonlyMap<string, string>>;
  /** Connects a device that was provisioned here; it is closed with the hub. */
  connect(deviceId: string, options?: { readonly secure?: boolean; readonly key?: string }): Promise<DeviceConnection>;
  /** Stops the hub and starts it again on the same directory and ports. */
  restart(betweenStopAndStart?: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

const fastLimits = { backoff: { firstMs: 20, maximumMs: 200 }, connectTimeoutMs: 5_000, answerTimeoutMs: 15_000 };

/** What a test wants to be different about its hub. */
export type TestHubOptions = Pick<HubOptions, 'routes' | 'consumerGroups' | 'imitation'>;

export async function startTestHub(options: TestHubOptions = {}): Promise<TestHub> {
  const dataDir = await mkdtemp(join(tmpdir(), 'iotctl-hub-'));
  let hub = await start(dataDir, { ...(await lastingHubPorts()), operations: null }, options);
  const keys = new Map<string, string>();
  const open: { close(): Promise<void> }[] = [];
  const clientAt = (serviceUrl: string): Hub => {
    const client = connectHub(connectionTo(hub.info, serviceUrl), { clock: realClock, random: () => 0 });
    open.push(client);
    return client;
  };
  const client = clientAt(`http://127.0.0.1:${hub.info.ports.http}`);
  return {
    get info() {
      return hub.info;
    },
    client,
    secureClient: () => clientAt(`https://localhost:${hub.info.ports.https}`),
    async provision(deviceIds, more = {}) {
      const made = new Map(deviceIds.map((id) => [id, randomBytes(32).toString('base64')]));
      const bulk = [...made].map(([id, primaryKey]): BulkDevice => {
        const authentication = { type: 'sas' as const, symmetricKey: { primaryKey, secondaryKey: primaryKey } };
        return { id, importMode: 'create', authentication, ...more };
      });
      for (let at = 0; at < bulk.length; at += 100) {
        const result = await client.devices.bulk(bulk.slice(at, at + 100));
        if (!result.isSuccessful) throw new Error(JSON.stringify(result.errors));
      }
      for (const [id, key] of made) keys.set(id, key);
      return made;
    },
    async connect(deviceId, { secure = false, key = keys.get(deviceId) ?? '' } = {}) {
      const { ports, hostName, caFile } = hub.info;
      const endpoint = secure
        ? parseEndpoint(`mqtts://localhost:${ports.mqtts}`, await readFile(caFile, 'utf8'))
        : parseEndpoint(`mqtt://127.0.0.1:${ports.mqtt}`);
      const credentials = { hostName, deviceId, sharedAccessKey: key };
      const device = await connectDevice({
        credentials,
        endpoint,
        clock: realClock,
        random: () => 0,
        limits: fastLimits,
        firstConnectMs: 5_000,
      });
      open.push(device);
      return device;
    },
    async restart(betweenStopAndStart) {
      await hub.close();
      await betweenStopAndStart?.();
      hub = await start(dataDir, hub.info.ports, options);
    },
    async close() {
      for (const each of open.toReversed()) await each.close();
      await hub.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

function start(dataDir: string, ports: HubInfo['ports'], options: TestHubOptions): Promise<RunningHub> {
  const choices = Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, port ?? 'off']));
  return startHub({ ...options, dataDir, ports: choices, clock: realClock, pid: process.pid, version: 'test' });
}

export function connectionTo(info: HubInfo, serviceUrl: string): KeyConnection {
  const { hostName, sharedAccessKeyName = '', sharedAccessKey = '' } = parseConnectionString(info.connectionString);
  const { caFile } = info;
  return {
    name: 'test',
    kind: 'local',
    auth: 'key',
    hostName,
    sharedAccessKeyName,
    sharedAccessKey,
    serviceUrl,
    caFile,
    source: 'profile',
  };
}

/** Takes messages until there are `count`; the end of the stream ends it too. */
export async function take(
  batches: AsyncIterable<{ readonly messages: readonly TelemetryMessage[] }>,
  count: number,
): Promise<TelemetryMessage[]> {
  const taken: TelemetryMessage[] = [];
  for await (const { messages } of batches) {
    taken.push(...messages);
    if (taken.length >= count) break;
  }
  return taken;
}

/** Resolves when the check stops throwing; its last error after a time that is long enough for any of these tests. */
export async function eventually<Value>(check: () => Promise<Value>): Promise<Value> {
  const deadline = realClock.monotonic() + 10_000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (realClock.monotonic() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
