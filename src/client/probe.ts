/** What `doctor` asks a hub: reachable, trusted, on time, and what the credentials may do. Nothing is changed by asking. */
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Connection } from '../config/profile.ts';
import type { Failure } from '../errors/index.ts';
import { findServedParts, type ServedPart } from './served-parts.ts';
import { clockSkew } from './http/answer-failure.ts';
import {
  createServiceClient,
  type ClientDependencies,
  type ServiceClient,
  type ServiceRequest,
} from './http/service-client.ts';
import { serviceUrlOf } from './http/service-url.ts';

export interface ProbeReport {
  /** `host:port` of the service API. */
  readonly address: string;
  readonly secure: boolean;
  /** Why there is no connection; the other members are then unknown. */
  readonly failure: Failure | undefined;
  readonly roundTripMs: number | undefined;
  /** End of the certificate's life, Unix milliseconds. */
  readonly certificateEndsAt: number | undefined;
  /** This machine's clock minus the hub's, milliseconds; whole seconds are all the hub tells. */
  readonly clockSkewMs: number | undefined;
  /** Undefined where the hub's answer says nothing about it. */
  readonly permissions: {
    readonly registryRead: boolean | undefined;
    readonly registryWrite: boolean | undefined;
    readonly serviceConnect: boolean | undefined;
  };
  /** What the hub can serve; empty when there is no connection. */
  readonly parts: readonly ServedPart[];
}

const probeTimeoutMs = 15_000;
/** A device that cannot exist: the hub looks at the permission first, then finds nothing. */
const absentDevice = 'iotctl-doctor-asks-for-a-device-that-is-not-there';

/** Asks a hub with single tries. Only a profile that cannot be used at all throws; what the network says is in the report. */
export async function probeHub(
  connection: Connection,
  dependencies: ClientDependencies,
  signal?: AbortSignal,
): Promise<ProbeReport> {
  const client = createServiceClient(connection, dependencies);
  const url = serviceUrlOf(connection);
  const unknown = { registryRead: undefined, registryWrite: undefined, serviceConnect: undefined };
  const report = {
    address: url.host,
    secure: url.protocol === 'https:',
    failure: undefined,
    permissions: unknown,
    parts: [],
  };
  const begun = dependencies.clock.monotonic();
  try {
    const first = await ask(
      client,
      { method: 'GET', path: `/devices/${absentDevice}`, action: 'read a device' },
      signal,
    );
    const roundTripMs = dependencies.clock.monotonic() - begun;
    const [write, connect] = await Promise.all([
      ask(
        client,
        {
          method: 'DELETE',
          path: `/devices/${absentDevice}`,
          headers: { 'If-Match': '"AAAAAAAAAAA="' },
          action: 'delete a device',
        },
        signal,
      ),
      ask(client, { method: 'GET', path: `/twins/${absentDevice}`, action: 'read a twin' }, signal),
    ]);
    const parts = await findServedParts({
      connection,
      clock: dependencies.clock,
      signal,
      device: first,
      twin: connect,
      ask: async (path) => ask(client, { method: 'GET', path, action: 'ask for a part of the hub' }, signal),
    });
    return {
      ...report,
      parts,
      roundTripMs,
      certificateEndsAt: first.certificateEndsAt,
      clockSkewMs: clockSkew({ headers: first.headers }, dependencies.clock.now()),
      permissions: {
        registryRead: isAllowed(first.status),
        registryWrite: isAllowed(write.status),
        serviceConnect: isAllowed(connect.status),
      },
    };
  } catch (error) {
    signal?.throwIfAborted();
    return {
      ...report,
      failure: client.failureOf(error),
      roundTripMs: undefined,
      certificateEndsAt: undefined,
      clockSkewMs: undefined,
    };
  } finally {
    client.close();
  }
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly certificateEndsAt: number | undefined;
}

async function ask(client: ServiceClient, request: ServiceRequest, signal: AbortSignal | undefined): Promise<Answer> {
  const response = await client.open({ ...request, timeoutMs: probeTimeoutMs, signal });
  const certificateEndsAt = endOfCertificate(response);
  response.resume();
  return { status: response.statusCode ?? 0, headers: response.headers, certificateEndsAt };
}

function endOfCertificate(response: IncomingMessage): number | undefined {
  if (!('getPeerCertificate' in response.socket)) return undefined;
  const end = Date.parse((response.socket as TLSSocket).getPeerCertificate().valid_to ?? '');
  return Number.isNaN(end) ? undefined : end;
}

/** 401 refuses (service.md §1.4); a result, a missing device and a stale etag all come after the permission was granted. */
function isAllowed(status: number): boolean | undefined {
  if (status === 401 || status === 403) return false;
  return (status >= 200 && status < 300) || status === 404 || status === 412 ? true : undefined;
}
