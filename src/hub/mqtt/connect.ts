/** CONNECT, step by step. Source: device.md §1.4; MQTT 3.1.1 §3.1. */
import { isDeviceId } from '../../protocol/device-id.ts';
import { HubError } from '../../protocol/hub-errors.ts';
import { parseMqttUsername, stampBag, telemetryBag, type MqttUsername } from '../../protocol/mqtt/index.ts';
import { parseProvisioningUsername, type RegistrationAddress } from '../../protocol/provisioning/index.ts';
import type { StoredFilter } from '../core/ports.ts';
import type { DevicePrincipal, PeerCertificates } from '../core/services.ts';
import { readConnect, type ConnectPacket } from './connect-packet.ts';
import type { MqttCore } from './context.ts';
import type { Frame } from './frame-reader.ts';
import { connackCodes, unsupportedVersion5, type ConnackCode } from './packets.ts';

/** Telemetry that the hub sends for the device when its connection breaks. */
export interface Will {
  readonly bag: string;
  readonly body: Uint8Array;
}

/** A CONNECT on its way through the steps; each step fills in what it finds. */
export interface ConnectAttempt {
  readonly frame: Frame;
  /** What the peer showed in its TLS handshake. */
  readonly certificates: PeerCertificates | undefined;
  /** Where the peer is, for the audit of refusals. */
  readonly remote: string;
  clientId: string;
  clean: boolean;
  /** Seconds; 0 for none. */
  keepAlive: number;
  username: string;
  /** The shared access signature; absent for certificates. */
  password: string | undefined;
  rawWill: ConnectPacket['will'];
  user: MqttUsername | undefined;
  will: Will | undefined;
  /** Filters of the stored session; undefined when there is none. */
  stored: readonly StoredFilter[] | undefined;
  principal: DevicePrincipal | undefined;
  /** Set when the peer wants the provisioning service instead; the steps end there. */
  registration: RegistrationAddress | undefined;
}

/** Why a CONNECT is not accepted. Without a code the connection is closed without a CONNACK. */
export interface Refusal {
  readonly code?: ConnackCode;
  /** In place of the CONNACK with that code. */
  readonly answer?: Uint8Array;
  readonly reason: string;
  /** Set when the hub is at fault. */
  readonly cause?: unknown;
}

type StepResult = Refusal | undefined;

const version5Reason = 'MQTT 5 is not supported: set the client to MQTT 3.1.1 (protocol version 4)';

export interface ConnectStep {
  readonly name: string;
  readonly run: (attempt: ConnectAttempt, core: MqttCore) => StepResult | Promise<StepResult>;
}

/**
 * In order. What is asked of the registry comes last and at once, in one go: a fleet that comes back does so all together. Whatever
 * changed between the check of the credentials and the session's begin is found when it has begun.
 */
export const connectSteps: readonly ConnectStep[] = [
  { name: 'protocol', run: checkProtocol },
  { name: 'packet', run: readPacket },
  { name: 'registration', run: readRegistration },
  { name: 'client id', run: checkClientId },
  { name: 'user name', run: readUsername },
  { name: 'will', run: readWill },
  { name: 'admission', run: admit },
];

export function newAttempt(frame: Frame, certificates: PeerCertificates | undefined, remote: string): ConnectAttempt {
  return {
    frame,
    certificates,
    remote,
    clientId: '',
    clean: true,
    keepAlive: 0,
    username: '',
    password: undefined,
    rawWill: undefined,
    user: undefined,
    will: undefined,
    stored: undefined,
    principal: undefined,
    registration: undefined,
  };
}

/** Runs the steps; the first refusal ends them. */
export async function runConnectSteps(attempt: ConnectAttempt, core: MqttCore): Promise<StepResult> {
  for (const { run } of connectSteps) {
    const result = run(attempt, core);
    const refusal = result instanceof Promise ? await result : result;
    if (refusal !== undefined || attempt.registration !== undefined) return refusal;
  }
  return undefined;
}

/** MQTT-3.1.2-1 and -2: another protocol is closed, another level is told so. Version 3.1 has another name, but knows the answer. */
function checkProtocol({ frame: { buffer, start, end } }: ConnectAttempt): StepResult {
  const nameEnd = start + 2 + (end - start >= 2 ? buffer.readUInt16BE(start) : 0);
  if (nameEnd >= end) return { reason: 'malformed CONNECT' };
  const name = buffer.toString('latin1', start + 2, nameEnd);
  if (name === 'MQIsdp') return { code: connackCodes.protocolRefused, reason: 'MQTT 3.1 is not supported' };
  if (name !== 'MQTT') return { reason: 'not MQTT' };
  const level = buffer[nameEnd];
  if (level === 5) return { answer: unsupportedVersion5, reason: version5Reason };
  if (level !== 4) return { code: connackCodes.protocolRefused, reason: `MQTT level ${level} is not supported` };
  return undefined;
}

/** Where the protocol name and its level end; they were looked at. */
function levelEnd({ buffer, start }: Frame): number {
  return start + 2 + buffer.readUInt16BE(start) + 1;
}

function readPacket(attempt: ConnectAttempt): StepResult {
  const packet = readConnect(attempt.frame, levelEnd(attempt.frame));
  if (packet === undefined) return { reason: 'malformed CONNECT' };
  attempt.clientId = packet.clientId;
  attempt.clean = packet.clean;
  attempt.keepAlive = packet.keepAlive;
  attempt.username = packet.username;
  attempt.password = packet.password;
  attempt.rawWill = packet.will;
  return undefined;
}

/** The provisioning service is told by the user name alone; what a device may do there is asked at its requests (device.md §5.2). */
function readRegistration(attempt: ConnectAttempt): StepResult {
  const address = parseProvisioningUsername(attempt.username);
  if (address === undefined) return undefined;
  if (address.registrationId.toLowerCase() !== attempt.clientId.toLowerCase())
    return unauthorized('client id and user name differ');
  attempt.registration = address;
  return undefined;
}

function checkClientId({ clientId }: ConnectAttempt): StepResult {
  const segments = clientId.split('/');
  if (segments.length <= 2 && segments.every(isDeviceId)) return undefined;
  return { code: connackCodes.identifierRejected, reason: 'the client id is not a device id' };
}

/** The name must say the same identity as the client id, byte for byte. */
function readUsername(attempt: ConnectAttempt): StepResult {
  const user = parseMqttUsername(attempt.username);
  if (user === undefined) return unauthorized('the user name is not that of a device');
  const identity = user.moduleId === undefined ? user.deviceId : `${user.deviceId}/${user.moduleId}`;
  if (identity !== attempt.clientId) return unauthorized('client id and user name differ');
  attempt.user = user;
  return undefined;
}

/** Telemetry of the device itself and nothing else; noted as a will. */
function readWill(attempt: ConnectAttempt): StepResult {
  const { rawWill, clientId } = attempt;
  if (rawWill === undefined) return undefined;
  const bag = telemetryBag(rawWill.topic, clientId);
  if (bag === undefined || rawWill.qos > 1) return unauthorized('the will is no telemetry of the device');
  const retained = rawWill.retain ? stampBag(bag, 'mqtt-retain', 'true') : bag;
  attempt.will = { bag: stampBag(retained, 'iothub-MessageType', 'Will'), body: rawWill.body };
  return undefined;
}

async function admit(attempt: ConnectAttempt, core: MqttCore): Promise<StepResult> {
  if (attempt.password === undefined && attempt.certificates === undefined)
    return unauthorized('neither a token nor a certificate');
  const [unreadable, refused] = await Promise.all([readStoredSession(attempt, core), checkCredentials(attempt, core)]);
  return refused ?? unreadable;
}

async function readStoredSession(attempt: ConnectAttempt, core: MqttCore): Promise<StepResult> {
  try {
    attempt.stored = await core.sessions.readSubscriptions(attempt.clientId);
    return undefined;
  } catch (cause) {
    return { code: connackCodes.serverUnavailable, reason: 'the stored session cannot be read', cause };
  }
}

async function checkCredentials(attempt: ConnectAttempt, core: MqttCore): Promise<StepResult> {
  const { password, user, clientId, certificates } = attempt;
  try {
    const modelId = user?.modelId;
    attempt.principal = await core.gatekeeper.authenticateDevice({
      identity: clientId,
      token: password,
      certificates,
      modelId,
      remote: attempt.remote,
    });
    return undefined;
  } catch (error) {
    return refusalFor(error);
  }
}

/** Code 3 for a disabled device as the SDKs read it; they retry on it, so a device that is enabled again comes back by itself. */
function refusalFor(error: unknown): Refusal {
  if (error instanceof HubError && error.symbol === 'ServiceUnavailable')
    return { code: connackCodes.serverUnavailable, reason: error.message };
  if (!(error instanceof HubError) || error.status >= 500) {
    return { code: connackCodes.serverUnavailable, reason: 'the credentials cannot be checked', cause: error };
  }
  if (error.status === 429) return { code: connackCodes.serverUnavailable, reason: error.message };
  if (error.symbol === 'DeviceDisabled')
    return { code: connackCodes.serverUnavailable, reason: 'the device is disabled' };
  return unauthorized(error.message);
}

function unauthorized(reason: string): Refusal {
  return { code: connackCodes.notAuthorized, reason };
}
