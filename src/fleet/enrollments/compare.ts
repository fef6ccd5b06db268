/** Whether an enrollment is what a document says. Source: service.md §10.2. */
import { X509Certificate } from 'node:crypto';
import { Failure } from '../../errors/index.ts';
import type { Attestation, EnrollmentGroup, IndividualEnrollment } from '../../protocol/provisioning/index.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';
import { diffDocuments } from '../twins/diff.ts';

export type AnyEnrollment = IndividualEnrollment | EnrollmentGroup;

/** Dotted paths of what differs; what a document leaves out is what the service does by itself. Keys are never in it. */
export function differencesOf(
  document: JsonObject,
  current: AnyEnrollment,
  secrets: Attestation | undefined,
): string[] {
  const wanted = normalize(document);
  const there = normalize(JSON.parse(JSON.stringify({ ...current, ...(secrets && { attestation: secrets }) })));
  keepUnsaidSecrets(wanted, there);
  return diffDocuments(there, wanted).map(({ path }) => path);
}

/** True when only the keys themselves can tell whether the document is met. */
export function namesKeys({ attestation }: JsonObject): boolean {
  return isJsonObject(attestation) && isJsonObject(attestation['symmetricKey']);
}

/** One form for what can be said in several: defaults are said aloud, certificates are their digests. */
function normalize(enrollment: JsonObject): JsonObject {
  const { initialTwin, capabilities, reprovisionPolicy, iotHubHostName, iotHubs, attestation } = enrollment;
  const twin = isJsonObject(initialTwin) ? initialTwin : {};
  const properties = isJsonObject(twin['properties']) ? twin['properties'] : {};
  return {
    deviceId: enrollment['deviceId'] ?? null,
    optionalDeviceInformation: enrollment['optionalDeviceInformation'] ?? null,
    provisioningStatus: enrollment['provisioningStatus'] ?? 'enabled',
    allocationPolicy: enrollment['allocationPolicy'] ?? (iotHubHostName ? 'static' : 'hashed'),
    iotHubHostName: iotHubHostName ?? null,
    iotHubs: Array.isArray(iotHubs) && iotHubs.length > 0 ? iotHubs : null,
    customAllocationDefinition: enrollment['customAllocationDefinition'] ?? null,
    capabilities: { iotEdge: false, ...(isJsonObject(capabilities) && capabilities) },
    reprovisionPolicy: {
      updateHubAssignment: true,
      migrateDeviceData: true,
      ...(isJsonObject(reprovisionPolicy) && reprovisionPolicy),
    },
    initialTwin: { tags: contentOf(twin['tags']), properties: { desired: contentOf(properties['desired']) } },
    attestation: isJsonObject(attestation) ? digestCertificates(attestation) : {},
  };
}

function contentOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

/** A certificate is told by its digest, whether the document holds it or the service describes it. */
function digestCertificates(value: JsonObject): JsonObject {
  const result: JsonObject = {};
  for (const [name, member] of Object.entries(value)) {
    if (!isJsonObject(member)) {
      if (member !== null) result[name] = member;
      continue;
    }
    const { certificate, info } = member;
    if (typeof certificate === 'string' && certificate !== '') result[name] = { sha256: digestOf(certificate, name) };
    else if (isJsonObject(info)) result[name] = { sha256: info['sha256Thumbprint'] ?? null };
    else result[name] = digestCertificates(member);
  }
  return result;
}

function digestOf(text: string, name: string): string {
  try {
    const bytes = text.includes('-----BEGIN') ? Buffer.from(text) : Buffer.from(text, 'base64');
    return new X509Certificate(bytes).fingerprint256.replaceAll(':', '');
  } catch (error) {
    throw new Failure('invalid-input', `the ${name} certificate of an enrollment is not an X.509 certificate`, {
      cause: error,
    });
  }
}

/** Keys that the document does not name are the service's to keep. */
function keepUnsaidSecrets(wanted: JsonObject, there: JsonObject): void {
  const said = wanted['attestation'];
  const kept = there['attestation'];
  if (!isJsonObject(said) || !isJsonObject(kept) || said['type'] !== kept['type']) return;
  const names = isJsonObject(said['symmetricKey']) ? said['symmetricKey'] : {};
  if (isJsonObject(kept['symmetricKey'])) said['symmetricKey'] = { ...kept['symmetricKey'], ...names };
}
