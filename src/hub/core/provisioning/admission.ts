/** Which enrollment takes a device, by what the device can prove. Source: device.md §5.1. */
import { HubError } from '../../../protocol/hub-errors.ts';
import {
  canonicalRegistrationId,
  deriveDeviceKey,
  registrationIdProblem,
  registrationPath,
  type RegistrationAddress,
  type RegistrationState,
} from '../../../protocol/provisioning/index.ts';
import { parseSasToken, tokenSkewMs, verifySasToken, type SasToken } from '../../../protocol/sas-token.ts';
import { commonNameOf, findAnchor, isValidAt, parseCertificate } from '../certificates/chain.ts';
import type { PeerCertificates } from '../services.ts';
import { certificateInfo, fromDer, plainDigest } from './certificates.ts';
import type { EnrollmentStore } from './enrollment-store.ts';
import type { HubCredential } from './ports.ts';
import type { RegistrationCredentials } from './service.ts';
import type { StoredAttestation, StoredEnrollment } from './stored.ts';

/** A device that an enrollment takes. */
export interface Admission {
  readonly enrollment: StoredEnrollment;
  /** The group's id; undefined for an individual enrollment. */
  readonly groupId: string | undefined;
  /** How it will prove itself to its hub. Undefined for a TPM: its key is made when it is assigned. */
  readonly credential: HubCredential | undefined;
  /** What its registration says about the proof. */
  readonly proof: Pick<RegistrationState, 'symmetricKey' | 'x509'>;
}

export interface AdmissionParts {
  readonly store: EnrollmentStore;
  readonly idScope: () => Promise<string>;
  readonly now: () => number;
  /** Certificates of the authorities with these names, if they are verified. DER. */
  readonly authorities: (names: readonly string[]) => Promise<readonly Uint8Array[]>;
  /** The key a TPM was sealed for its token; undefined when it was not challenged. Base64. */
  readonly tpmKey: (registrationId: string) => string | undefined;
}

type X509Attestation = Extract<StoredAttestation, { type: 'x509' }>;
type KeyAttestation = Extract<StoredAttestation, { type: 'symmetricKey' }>;

/** Stands in where there is no key, so that the answer takes as long. */
const nobodysKey = Buffer.alloc(32, 0x5a).toString('base64');

/** Finds the enrollment and checks the proof. HubErrors ArgumentInvalid, IotHubUnauthorizedAccess. */
export async function admit(parts: AdmissionParts, credentials: RegistrationCredentials): Promise<Admission> {
  await checkAddress(parts, credentials);
  const { registrationId, token, certificates } = credentials;
  const own = await parts.store.find('individual', registrationId);
  if (token !== undefined) return admitByToken(parts, credentials, token, own);
  if (certificates !== undefined) return admitByCertificate(parts, registrationId, certificates, own);
  throw unauthorized();
}

/** Refuses another id scope like wrong credentials: nobody learns which scope this is. */
export async function checkAddress(
  { idScope }: Pick<AdmissionParts, 'idScope'>,
  address: RegistrationAddress,
): Promise<void> {
  const problem = registrationIdProblem(address.registrationId);
  if (problem !== undefined) throw new HubError('ArgumentInvalid', `The registration id ${problem}.`);
  if (address.idScope.toLowerCase() !== (await idScope()).toLowerCase()) throw unauthorized();
}

async function admitByToken(
  parts: AdmissionParts,
  address: RegistrationAddress,
  text: string,
  own: StoredEnrollment | undefined,
): Promise<Admission> {
  const token = parseSasToken(text);
  if (token === undefined || token.expiresAt * 1_000 + tokenSkewMs < parts.now() || !isFor(token, address))
    throw unauthorized();
  if (own !== undefined) return admitOwn(parts, token, own);
  for (const group of await parts.store.groups()) {
    const credential = derivedCredential(group.attestation, token, address.registrationId);
    if (credential !== undefined)
      return checked({
        enrollment: group,
        groupId: group.id,
        credential,
        proof: { symmetricKey: { enrollmentGroupId: group.id } },
      });
  }
  verifySasToken(token, [nobodysKey]);
  throw unauthorized();
}

function admitOwn(parts: AdmissionParts, token: SasToken, enrollment: StoredEnrollment): Admission {
  const { attestation, id } = enrollment;
  if (attestation.type === 'tpm') {
    if (!verifySasToken(token, [parts.tpmKey(id) ?? nobodysKey])) throw unauthorized();
    return checked({ enrollment, groupId: undefined, credential: undefined, proof: {} });
  }
  const keys = attestation.type === 'symmetricKey' ? [attestation.primaryKey, attestation.secondaryKey] : [nobodysKey];
  if (!verifySasToken(token, keys) || attestation.type !== 'symmetricKey') throw unauthorized();
  return checked({
    enrollment,
    groupId: undefined,
    credential: keyCredential(attestation),
    proof: { symmetricKey: {} },
  });
}

/** The keys of the device if one of the group's made the token: from the id as the device sent it, or in lower case. */
function derivedCredential(
  attestation: StoredAttestation,
  token: SasToken,
  registrationId: string,
): HubCredential | undefined {
  if (attestation.type !== 'symmetricKey') return undefined;
  for (const id of new Set([registrationId, canonicalRegistrationId(registrationId)])) {
    const primaryKey = deriveDeviceKey(attestation.primaryKey, id);
    const secondaryKey = deriveDeviceKey(attestation.secondaryKey, id);
    if (verifySasToken(token, [primaryKey, secondaryKey])) return { type: 'sas', primaryKey, secondaryKey };
  }
  return undefined;
}

function keyCredential({ primaryKey, secondaryKey }: KeyAttestation): HubCredential {
  return { type: 'sas', primaryKey, secondaryKey };
}

async function admitByCertificate(
  parts: AdmissionParts,
  registrationId: string,
  certificates: PeerCertificates,
  own: StoredEnrollment | undefined,
): Promise<Admission> {
  const leaf = parseCertificate(certificates.leaf);
  const named = leaf === undefined ? undefined : commonNameOf(leaf);
  // The certificate must be this registration's own: otherwise one device could register as another of its group.
  if (leaf === undefined || named === undefined || !sameId(named, registrationId) || !isValidAt(leaf, parts.now()))
    throw unauthorized('Invalid certificate.');
  const certificateFacts = certificateInfo(leaf);
  if (own !== undefined) {
    const { attestation } = own;
    if (attestation.type !== 'x509' || !isEnrolled(attestation, leaf.raw)) throw unauthorized('Invalid certificate.');
    return checked({
      enrollment: own,
      groupId: undefined,
      credential: thumbprintsOf(attestation),
      proof: { x509: { certificateInfo: certificateFacts } },
    });
  }
  for (const group of await parts.store.groups()) {
    if (group.attestation.type !== 'x509') continue;
    const anchors = (await anchorsOf(parts, group.attestation)).flatMap((der) => parseCertificate(der) ?? []);
    const anchor = findAnchor(certificates, anchors, parts.now());
    if (anchor === undefined) continue;
    return checked({
      enrollment: group,
      groupId: group.id,
      // As in the cloud, the hub knows the device by this certificate alone; a new one registers anew.
      credential: {
        type: 'selfSigned',
        primaryThumbprint: certificateFacts.sha256Thumbprint,
        secondaryThumbprint: certificateFacts.sha256Thumbprint,
      },
      proof: {
        x509: {
          enrollmentGroupId: group.id,
          certificateInfo: certificateFacts,
          signingCertificateInfo: certificateInfo(anchor),
        },
      },
    });
  }
  throw unauthorized('Invalid certificate.');
}

function anchorsOf(parts: AdmissionParts, attestation: X509Attestation): Promise<readonly Uint8Array[]> {
  const pair = [attestation.primary, attestation.secondary].filter((value) => value !== undefined);
  if (attestation.role === 'authority') return parts.authorities(pair);
  return Promise.resolve(pair.map((der) => Buffer.from(der, 'base64')));
}

function isEnrolled(attestation: X509Attestation, leaf: Buffer): boolean {
  if (attestation.role !== 'client') return false;
  const der = leaf.toString('base64');
  return der === attestation.primary || der === attestation.secondary;
}

function thumbprintsOf({ primary, secondary }: X509Attestation): HubCredential {
  const [first, second] = [primary ?? secondary, secondary ?? primary].map((der) =>
    plainDigest(fromDer(der ?? '').fingerprint256),
  );
  return { type: 'selfSigned', primaryThumbprint: first ?? '', secondaryThumbprint: second ?? null };
}

/** The token's resource must be this registration; ids differ in more than case, and some SDKs encode twice. */
function isFor(token: SasToken, address: RegistrationAddress): boolean {
  const wanted = registrationPath(address).toLowerCase();
  const once = decode(token.resource);
  return once.toLowerCase() === wanted || decode(once).toLowerCase() === wanted;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function sameId(one: string, other: string): boolean {
  return canonicalRegistrationId(one) === canonicalRegistrationId(other);
}

/** The proof comes first: only the device itself learns that its enrollment is disabled. */
function checked(admission: Admission): Admission {
  if (admission.enrollment.status === 'disabled') throw unauthorized('The enrollment is disabled.');
  return admission;
}

/** One answer for whatever was wrong (device.md §5.4). */
function unauthorized(message = 'Unauthorized'): HubError {
  return new HubError('IotHubUnauthorizedAccess', message);
}
