/**
 * A hub as the SDKs expect one: real ports on a loopback address of its own (all of 127.0.0.0/8 is this machine), so that any
 * number of them run side by side, and a certificate their process trusts.
 */
import { randomInt } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as ServiceSdk from 'azure-iothub';
import { isFailure } from '../../src/errors/index.ts';
import { startHub, type HubInfo, type RunningHub } from '../../src/hub/index.ts';
import type { HubOptions } from '../../src/hub/options.ts';
import { realClock } from '../support/real-clock.ts';
import { environment } from './environment.ts';
import { thumbprintOf, type DeviceCertificate } from './certificates.ts';

const serviceSdk = createRequire(import.meta.url)('azure-iothub') as typeof ServiceSdk;

export interface SdkHub {
  readonly info: HubInfo;
  /** The hub's address, and its name in connection strings. */
  readonly hostName: string;
  readonly registry: ServiceSdk.Registry;
  /** Creates a device with generated keys; answers its connection string. */
  createDevice(deviceId: string): Promise<string>;
  /** Creates a device that proves itself with this certificate; answers its connection string, `x509=true`. */
  createThumbprintDevice(deviceId: string, certificate: DeviceCertificate): Promise<string>;
  /** Creates a device that proves itself with a certificate of an authority the hub knows. */
  createAuthorityDevice(deviceId: string): Promise<string>;
  /** Stops the hub and starts it again with the same data, address and ports. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

type Extra = Omit<Partial<HubOptions>, 'dataDir' | 'ports' | 'clock' | 'pid' | 'version'>;

export async function openSdkHub(extra: Extra = {}): Promise<SdkHub> {
  const dataDir = await mkdtemp(join(tmpdir(), 'iotctl-sdk-hub-'));
  const authority = process.env[environment.authority];
  if (authority === undefined) throw new Error('run these tests with `npm run test:sdk`');
  await mkdir(join(dataDir, 'tls'), { mode: 0o700 });
  for (const name of ['ca.pem', 'ca.key']) await copyFile(join(authority, name), join(dataDir, 'tls', name));
  let running = await startOnFreeAddress(dataDir, extra);
  const { hub: first, address } = running;
  const registry = serviceSdk.Registry.fromConnectionString(first.info.connectionString);
  const create = async (device: Parameters<ServiceSdk.Registry['create']>[0]): Promise<ServiceSdk.Device> =>
    (await registry.create(device)).responseBody;
  return {
    get info() {
      return running.hub.info;
    },
    hostName: address,
    registry,
    async createDevice(deviceId) {
      const { authentication } = await create({ deviceId });
      const key = authentication?.symmetricKey?.primaryKey;
      return `HostName=${address};DeviceId=${deviceId};SharedAccessKey=${key}`;
    },
    async createThumbprintDevice(deviceId, certificate) {
      const x509Thumbprint = { primaryThumbprint: thumbprintOf(certificate), secondaryThumbprint: '' };
      await create({ deviceId, authentication: { type: 'selfSigned', x509Thumbprint } });
      return `HostName=${address};DeviceId=${deviceId};x509=true`;
    },
    async createAuthorityDevice(deviceId) {
      await create({ deviceId, authentication: { type: 'certificateAuthority' } });
      return `HostName=${address};DeviceId=${deviceId};x509=true`;
    },
    async restart() {
      await running.hub.close();
      running = { hub: await startAt(address, dataDir, extra), address };
    },
    async close() {
      await running.hub.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function startOnFreeAddress(dataDir: string, extra: Extra): Promise<{ hub: RunningHub; address: string }> {
  for (let attempt = 1; ; attempt++) {
    const address = `127.${randomInt(2, 255)}.${randomInt(0, 255)}.${randomInt(1, 255)}`;
    try {
      return { hub: await startAt(address, dataDir, extra), address };
    } catch (error) {
      if (attempt === 5 || !isFailure(error) || error.code !== 'port-taken') throw error;
    }
  }
}

function startAt(address: string, dataDir: string, extra: Extra): Promise<RunningHub> {
  return startHub({
    ...extra,
    dataDir,
    addresses: [address],
    hostNames: [address],
    ports: { mqtts: 8883, https: 443, amqps: 5671, mqtt: 0, http: 0, amqp: 0 },
    clock: realClock,
    pid: process.pid,
    version: 'test',
  });
}
