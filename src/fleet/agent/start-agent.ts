import { hostname } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { access, constants } from 'node:fs/promises';
import { Failure, isFailure } from '../../errors/index.ts';
import { runAgent, type AgentOptions, type AgentSummary, type DeviceCredentials } from '../../device/index.ts';
import { parseConnectionString } from '../../protocol/connection-string.ts';
import {
  bareHost,
  deviceCredentials,
  deviceEndpoint,
  type AccessHub,
  type DeviceAddress,
} from '../simulation/index.ts';

export interface AgentRequest extends Pick<
  AgentOptions,
  | 'clock'
  | 'environment'
  | 'intervalSeconds'
  | 'metrics'
  | 'scripts'
  | 'firmware'
  | 'version'
  | 'once'
  | 'onEvent'
  | 'signal'
  | 'readings'
> {
  readonly credentials: DeviceCredentials;
  readonly address: DeviceAddress;
  readonly random: () => number;
  /** The directory that holds an outbox for each device. */
  readonly outboxRoot: string;
}

/** How much an outbox may take on the disk: weeks of readings. */
const outboxBytes = 64 * 1_024 * 1_024;

/** Runs this machine as a device. Failures: those of the endpoint and of `runAgent`. */
export async function startAgent(request: AgentRequest): Promise<AgentSummary> {
  const { credentials, clock, random, address, outboxRoot, environment, ...rest } = request;
  const endpoint = await deviceEndpoint(address);
  return runAgent({
    ...rest,
    clock,
    environment: withoutSecrets(environment),
    device: { credentials, endpoint, clock, random },
    outbox: { directory: join(outboxRoot, outboxName(credentials)), maximumBytes: outboxBytes },
  });
}

/** Readings for one hub never go to another. The space keeps `.` and `..` from being names. */
function outboxName({ hostName, deviceId }: DeviceCredentials): string {
  return encodeURIComponent(`${hostName} ${deviceId}`);
}

/** iotctl's own variables may hold keys; scripts get the rest. */
function withoutSecrets(environment: AgentRequest['environment']): AgentRequest['environment'] {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('IOTCTL_')));
}

/** The identity of this machine at a hub; made there when it is missing. */
export async function provisionAgent(
  hub: AccessHub,
  deviceId: string,
  signal: AbortSignal,
): Promise<DeviceCredentials> {
  const fetching = deviceCredentials(hub, { deviceIds: [deviceId], tags: { agent: true }, signal });
  const [credentials] = await fetching.catch((error: unknown) => {
    if (!isFailure(error, 'hub-unreachable')) throw error;
    const hint = 'an agent that knows its key starts without a hub: set IOTCTL_DEVICE_CONNECTION_STRING';
    throw new Failure(error.code, error.message, { hint, details: error.details, cause: error, retryable: true });
  });
  if (credentials === undefined) throw new Failure('refused', `the hub gave no key for ${deviceId}`);
  return credentials;
}

/** Reads a device's connection string. Failure: `invalid-connection-string`. */
export function parseDeviceConnectionString(text: string): { credentials: DeviceCredentials; address: DeviceAddress } {
  const { hostName, deviceId, moduleId, sharedAccessKey, gatewayHostName } = parseConnectionString(text);
  if (deviceId === undefined) throw new Failure('invalid-connection-string', 'the connection string names no device');
  if (moduleId !== undefined)
    throw new Failure('invalid-connection-string', "the connection string is a module's, not a device's");
  if (sharedAccessKey === undefined)
    throw new Failure('invalid-connection-string', 'the connection string has no SharedAccessKey');
  // A port in a device's string is the one to connect to; the SAS audience is the name alone.
  const host = gatewayHostName ?? hostName;
  return {
    credentials: { hostName: bareHost(hostName), deviceId, sharedAccessKey },
    address: { hostName, deviceUrl: `mqtts://${host}` },
  };
}

/** A device id for this machine: its host name without what an id may not hold. */
export function agentDeviceId(host: string = hostname()): string {
  const cleaned = host
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '');
  return `agent-${cleaned === '' ? 'host' : cleaned}`.slice(0, 128);
}

/**
 * Reads `name=/absolute/file` pairs. Failures: `invalid-value`, `file-not-found`, `permission-denied`: a script that cannot run
 * is said at the start, not when it is needed.
 */
export async function readAllowedScripts(pairs: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const scripts = new Map<string, string>();
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    const name = pair.slice(0, equals);
    const file = pair.slice(equals + 1);
    if (equals < 1 || !/^[A-Za-z0-9._-]+$/.test(name)) {
      throw new Failure('invalid-value', `"${pair}" is not NAME=FILE with a name of letters, digits, dots and dashes`);
    }
    if (!isAbsolute(file))
      throw new Failure('invalid-value', `the file of script ${name} must be an absolute path, not "${file}"`);
    if (scripts.has(name)) throw new Failure('invalid-value', `script ${name} is allowed twice`);
    await access(file, constants.X_OK);
    scripts.set(name, file);
  }
  return scripts;
}
