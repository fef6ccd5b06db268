import {
  registerDevice as register,
  type Assigned,
  type RegistrationEndpoint,
  type RegistrationProof,
} from '../../device/index.ts';
import { Failure } from '../../errors/index.ts';
import { formatConnectionString } from '../../protocol/connection-string.ts';
import { deriveDeviceKey, type RegistrationTransport } from '../../protocol/provisioning/index.ts';
import type { Clock } from '../../std/clock.ts';
import type { JsonValue } from '../../std/json.ts';

/** Where a person says the service is: a host, or a URL whose scheme and port count too. */
export interface ServicePlace {
  readonly idScope: string;
  readonly endpoint: string;
  /** PEM. */
  readonly ca?: string | undefined;
}

export type DeviceProof = RegistrationProof | { readonly kind: 'group-key'; readonly key: string };

export interface RegisterDeviceOptions {
  readonly transport: RegistrationTransport;
  readonly registrationId: string;
  readonly place: ServicePlace;
  readonly proof: DeviceProof;
  readonly payload?: JsonValue | undefined;
  /** How devices reach a hub of this name, where that is not by the name alone. */
  readonly deviceHostOf?: ((hubHostName: string) => string) | undefined;
  readonly version: string;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly onWait?: ((seconds: number) => void) | undefined;
}

export interface RegisteredDevice {
  readonly registration: Assigned;
  /** A secret unless the device has a certificate. */
  readonly connectionString: string;
}

const schemes = { mqtt: ['mqtts', 8883], 'mqtt-ws': ['wss', 443], https: ['https', 443] } as const;
const plainSchemes: ReadonlySet<string> = new Set(['mqtt', 'ws', 'http']);
const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/;

/** Registers as a device would, and answers what it connects to its hub with. Failures: those of the device's side. */
export async function registerDevice(options: RegisterDeviceOptions): Promise<RegisteredDevice> {
  const { transport, registrationId, place, payload, version, clock, timeoutMs, signal, onWait } = options;
  const proof = proofOf(options);
  const registration = await register({
    transport,
    endpoint: endpointOf(place, transport),
    idScope: place.idScope,
    registrationId,
    proof,
    payload,
    clientVersion: `iotctl/${version}`,
    clock,
    timeoutMs,
    signal,
    onWait,
  });
  const { assignedHub, deviceId } = registration;
  const hostName = options.deviceHostOf?.(assignedHub) ?? assignedHub;
  const credential = proof.kind === 'key' ? { sharedAccessKey: proof.key } : { x509: true as const };
  return { registration, connectionString: formatConnectionString({ hostName, deviceId, ...credential }) };
}

/** A device of a group has its own key, derived from the group's. */
function proofOf({ proof, registrationId }: RegisterDeviceOptions): RegistrationProof {
  if (proof.kind !== 'group-key') return proof;
  return { kind: 'key', key: deriveDeviceKey(proof.key, registrationId) };
}

function endpointOf({ endpoint, ca }: ServicePlace, transport: RegistrationTransport): RegistrationEndpoint {
  const [scheme, port] = schemes[transport];
  const text = endpoint.includes('://') ? endpoint : `${scheme}://${endpoint}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '')
    throw new Failure('invalid-value', `"${endpoint}" is not the address of a provisioning service`);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const tls = !plainSchemes.has(url.protocol.replace(':', ''));
  if (!tls && !loopback.test(host))
    throw new Failure('invalid-value', `${endpoint}: without TLS the token would be shown to the network`);
  return { host, port: url.port === '' ? port : Number(url.port), tls, ...(ca !== undefined && { ca }) };
}
