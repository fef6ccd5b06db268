/** The hub's own REST extensions, for what no official SDK offers: CA certificates, and reading telemetry back. */
import { createSasToken } from '../../src/protocol/sas-token.ts';
import { parsePolicyConnectionString } from '../../src/protocol/connection-string.ts';
import { fromStreamMessage, parseStreamLine } from '../../src/protocol/telemetry/index.ts';
import type { TelemetryMessage } from '../../src/protocol/telemetry/message.ts';
import type { AuthorityCertificate } from '../../src/protocol/certificates.ts';
import { makeCertificate, type DeviceCertificate } from './certificates.ts';
import type { SdkHub } from './sdk-hub.ts';

/** Adds a CA to the hub and proves that its key is at hand, the way its owner has to. */
export async function trustAuthority(hub: SdkHub, name: string, authority: DeviceCertificate): Promise<void> {
  const path = `/iotctl/certificates/${name}`;
  await ask(hub, 'PUT', path, { properties: { certificate: authority.cert } });
  const coded = (await ask(hub, 'POST', `${path}/generateVerificationCode`)) as AuthorityCertificate;
  const proof = await makeCertificate(coded.properties.verificationCode ?? '', { issuer: authority });
  await ask(hub, 'POST', `${path}/verify`, { certificate: proof.cert });
}

/** The telemetry that is stored now, as the hub's log stream tells it. */
export async function storedTelemetry(hub: SdkHub): Promise<readonly TelemetryMessage[]> {
  const text = (await ask(hub, 'GET', '/iotctl/telemetry?from=earliest')) as string;
  return text
    .split('\n')
    .map((line) => parseStreamLine(line))
    .filter((line) => line !== undefined && 'd' in line)
    .map((line) => fromStreamMessage(line));
}

async function ask(hub: SdkHub, method: string, path: string, body?: unknown): Promise<unknown> {
  const { sharedAccessKey, sharedAccessKeyName } = parsePolicyConnectionString(hub.info.connectionString);
  const expiresAt = Date.now() / 1_000 + 600;
  const token = createSasToken({
    resource: hub.hostName,
    key: sharedAccessKey,
    keyName: sharedAccessKeyName,
    expiresAt,
  });
  const response = await fetch(`http://127.0.0.1:${hub.info.ports.http}${path}`, {
    method,
    headers: { authorization: token },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return response.headers.get('content-type')?.includes('application/json') === true ? JSON.parse(text) : text;
}
