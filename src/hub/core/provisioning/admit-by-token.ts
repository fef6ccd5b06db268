/** Devices that sign a token, by the key of their enrollment or by one derived from their group's. Source: device.md §5.1. */
import {
  canonicalRegistrationId,
  deriveDeviceKey,
  registrationPath,
  type RegistrationAddress,
} from '../../../protocol/provisioning/index.ts';
import { parseSasToken, tokenSkewMs, verifySasToken, type SasToken } from '../../../protocol/sas-token.ts';
import { admitted, unauthorized, type Admission, type AdmissionParts } from './admitted.ts';
import type { HubCredential } from './ports.ts';
import type { StoredAttestation, StoredEnrollment } from './stored.ts';

type KeyAttestation = Extract<StoredAttestation, { type: 'symmetricKey' }>;

/** Stands in where there is no key, so that the answer takes as long. */
const nobodysKey = Buffer.alloc(32, 0x5a).toString('base64');

/** HubError IotHubUnauthorizedAccess. `own` is the enrollment of this id: it comes before any group. */
export async function admitByToken(
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
      return admitted({
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
    return admitted({ enrollment, groupId: undefined, credential: undefined, proof: {} });
  }
  const keys = attestation.type === 'symmetricKey' ? [attestation.primaryKey, attestation.secondaryKey] : [nobodysKey];
  if (!verifySasToken(token, keys) || attestation.type !== 'symmetricKey') throw unauthorized();
  return admitted({
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
