/** Acts as a device at the provisioning service. Source: device.md §5. */
import { Failure } from '../../errors/index.ts';
import {
  registrationIdProblem,
  registrationPath,
  type RegistrationOperation,
  type RegistrationState,
  type RegistrationTransport,
} from '../../protocol/provisioning/index.ts';
import { createSasToken } from '../../protocol/sas-token.ts';
import { sleep, type Clock } from '../../std/clock.ts';
import { parseJsonObject, type JsonValue } from '../../std/json.ts';
import { messageOf } from '../../std/message-of.ts';
import { redactText } from '../../std/redact.ts';
import { isUntrustedCertificate } from '../../std/untrusted-certificate.ts';
import type {
  ChannelOptions,
  RegistrationChannel,
  RegistrationEndpoint,
  RegistrationProof,
  RegistrationReply,
} from './channel.ts';

export interface RegisterOptions {
  readonly transport: RegistrationTransport;
  readonly endpoint: RegistrationEndpoint;
  readonly idScope: string;
  readonly registrationId: string;
  readonly proof: RegistrationProof;
  /** Goes to a custom allocation. */
  readonly payload?: JsonValue | undefined;
  readonly clientVersion: string;
  readonly clock: Clock;
  /** For the whole registration. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Told before each wait. */
  readonly onWait?: ((seconds: number) => void) | undefined;
}

/** A registration that ended well. */
export type Assigned = RegistrationState & { readonly assignedHub: string; readonly deviceId: string };

const tokenLifeSeconds = 3_600;
const exchangeTimeoutMs = 30_000;
/** Source: device.md §5.4. */
const defaultRetrySeconds = 2;

/**
 * Registers and waits for the assignment. Failures: invalid-value, not-authorised, not-found, refused (with `registrationState` in
 * its details where there is one), throttled, hub-unreachable, timed-out.
 */
export async function registerDevice(options: RegisterOptions): Promise<Assigned> {
  const problem = registrationIdProblem(options.registrationId);
  if (problem !== undefined) throw new Failure('invalid-value', `the registration id ${problem}`);
  const { clock, timeoutMs } = options;
  const deadline = clock.monotonic() + timeoutMs;
  const channel = await reach(options, () => openChannel(options));
  try {
    return await converse(options, channel, deadline);
  } finally {
    await channel.close();
  }
}

async function converse(options: RegisterOptions, channel: RegistrationChannel, deadline: number): Promise<Assigned> {
  const { registrationId, payload, clock, signal, onWait } = options;
  const body = JSON.stringify({ registrationId, ...(payload !== undefined && { payload }) });
  let operationId: string | undefined;
  for (;;) {
    const asked = operationId;
    const reply = await reach(options, () => (asked === undefined ? channel.register(body) : channel.status(asked)));
    const operation = reply.status < 300 ? readOperation(reply) : undefined;
    if (operation === undefined && reply.status < 429) throw refusal(options, reply);
    if (operation !== undefined && operation.status !== 'assigning') return outcomeOf(options, operation);
    operationId = operation?.operationId ?? operationId;
    const seconds = reply.retryAfter ?? defaultRetrySeconds;
    if (clock.monotonic() + seconds * 1_000 > deadline)
      throw new Failure('timed-out', `${registrationId} was not assigned in time`, { details: { registrationId } });
    onWait?.(seconds);
    await sleep(clock, seconds * 1_000, signal);
  }
}

async function openChannel(options: RegisterOptions): Promise<RegistrationChannel> {
  const { transport, proof, clock, idScope, registrationId } = options;
  const expiresAt = Math.floor(clock.now() / 1_000) + tokenLifeSeconds;
  const resource = registrationPath({ idScope, registrationId });
  const channel: ChannelOptions = {
    ...options,
    timeoutMs: Math.min(options.timeoutMs, exchangeTimeoutMs),
    token:
      proof.kind === 'key'
        ? createSasToken({ resource, key: proof.key, keyName: 'registration', expiresAt })
        : undefined,
  };
  if (transport === 'https') return (await import('./http-channel.ts')).openHttpChannel(channel);
  return (await import('./mqtt-channel.ts')).openMqttChannel(channel, transport === 'mqtt-ws');
}

/** What the network says becomes a failure that names the service. */
async function reach<Value>({ endpoint, signal }: RegisterOptions, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    signal?.throwIfAborted();
    const address = `${endpoint.host}:${endpoint.port}`;
    throw new Failure(
      isUntrustedCertificate(error) ? 'tls-untrusted' : 'hub-unreachable',
      `the provisioning service at ${address} cannot be reached: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

function readOperation({ body }: RegistrationReply): RegistrationOperation {
  const value = parseJsonObject(body);
  const { operationId, status } = value ?? {};
  if (value === undefined || typeof operationId !== 'string' || typeof status !== 'string')
    throw new Failure('hub-failed', 'the answer is not that of a provisioning service');
  return value as unknown as RegistrationOperation;
}

function outcomeOf(
  { registrationId }: RegisterOptions,
  { status, registrationState }: RegistrationOperation,
): Assigned {
  const { assignedHub, deviceId, errorCode, errorMessage } = registrationState ?? {};
  if (status === 'assigned' && assignedHub !== undefined && deviceId !== undefined)
    return registrationState as Assigned;
  const why = errorMessage === undefined ? `its status is ${status}` : redactText(errorMessage);
  throw new Failure('refused', `${registrationId} was not assigned: ${why}`, {
    details: { registrationId, status, ...(errorCode !== undefined && { errorCode }) },
  });
}

function refusal({ registrationId }: RegisterOptions, { status, body }: RegistrationReply): Failure {
  // What answers may be no such service, and mirror the token it was sent.
  const { errorCode, message, trackingId } = parseJsonObject(redactText(body)) ?? {};
  const why = typeof message === 'string' && message !== '' ? message : `status ${status}`;
  const details = { registrationId, status, errorCode, trackingId };
  if (status === 401)
    return new Failure('not-authorised', `the provisioning service refused ${registrationId}: ${why}`, {
      hint: `the key or certificate is not of an enabled enrollment: iotctl enrollment explain ${registrationId}`,
      details,
    });
  return new Failure(status === 404 ? 'not-found' : 'refused', `${registrationId} was refused: ${why}`, { details });
}
