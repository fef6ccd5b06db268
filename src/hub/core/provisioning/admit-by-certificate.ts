/** Devices that show a certificate: that of their enrollment, or one that leads to an authority of a group. Source: device.md §5.1. */
import { canonicalRegistrationId } from '../../../protocol/provisioning/index.ts';
import { commonNameOf, findAnchor, isValidAt, parseCertificate } from '../certificates/chain.ts';
import type { PeerCertificates } from '../services.ts';
import { admitted, unauthorized, type Admission, type AdmissionParts } from './admitted.ts';
import { certificateInfo, fromDer, plainDigest } from './certificates.ts';
import type { HubCredential } from './ports.ts';
import type { StoredAttestation, StoredEnrollment } from './stored.ts';

type X509Attestation = Extract<StoredAttestation, { type: 'x509' }>;

/** HubError IotHubUnauthorizedAccess. `own` is the enrollment of this id: it comes before any group. */
export async function admitByCertificate(
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
    return admitted({
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
    return admitted({
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

function sameId(one: string, other: string): boolean {
  return canonicalRegistrationId(one) === canonicalRegistrationId(other);
}
