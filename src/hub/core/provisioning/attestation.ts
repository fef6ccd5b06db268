/** How a device of an enrollment proves itself: reading it from a service, showing it to one. Source: service.md §10.2. */
import { HubError } from '../../../protocol/hub-errors.ts';
import type { Attestation, EnrolledCertificate } from '../../../protocol/provisioning/index.ts';
import type { JsonValue } from '../../../std/json.ts';
import { generateKey, keyBytes } from '../keys.ts';
import { fieldsOf, membersOf, noFields, stringField, wordField, type Fields } from '../untrusted.ts';
import { certificateInfo, fromDer, readCertificate } from './certificates.ts';
import type { StoredAttestation } from './stored.ts';
import { withoutTrailing } from '../../../std/without-trailing.ts';

export type EnrollmentKind = 'individual' | 'group';

/**
 * Reads an attestation. Keys that are left out are kept from `before`, or made; certificates too, as a service that sends back
 * what it read has no more than their description. Failure: HubError ArgumentInvalid.
 */
export function parseAttestation(
  value: JsonValue | undefined,
  kind: EnrollmentKind,
  before: StoredAttestation | undefined,
): StoredAttestation {
  const fields = value === undefined ? noFields : fieldsOf(value, 'attestation');
  const type = wordField(fields, 'type', ['none', 'tpm', 'x509', 'symmetricKey']);
  if (type === 'symmetricKey') return parseKeys(membersOf(fields, 'symmetricKey'), before);
  if (type === 'x509') return parseX509(membersOf(fields, 'x509'), kind, before);
  if (type === 'tpm' && kind === 'individual') return parseTpm(membersOf(fields, 'tpm'), before);
  const allowed = kind === 'group' ? 'symmetricKey or x509' : 'symmetricKey, x509 or tpm';
  throw new HubError('ArgumentInvalid', `attestation.type must be ${allowed}.`);
}

function parseKeys(fields: Fields, before: StoredAttestation | undefined): StoredAttestation {
  const kept = before?.type === 'symmetricKey' ? before : undefined;
  const [primaryKey, secondaryKey] = (['primaryKey', 'secondaryKey'] as const).map((name) => {
    const key = stringField(fields, name) ?? '';
    if (key === '') return kept?.[name] ?? generateKey();
    checkBase64(key, `attestation.symmetricKey.${name}`, keyBytes.minimum, keyBytes.maximum);
    return key;
  });
  return { type: 'symmetricKey', primaryKey: primaryKey ?? '', secondaryKey: secondaryKey ?? '' };
}

function parseTpm(fields: Fields, before: StoredAttestation | undefined): StoredAttestation {
  const kept = before?.type === 'tpm' ? before : undefined;
  const endorsementKey = stringField(fields, 'endorsementKey') || kept?.endorsementKey;
  const storageRootKey = stringField(fields, 'storageRootKey') || kept?.storageRootKey;
  if (endorsementKey === undefined)
    throw new HubError('ArgumentInvalid', 'attestation.tpm needs the endorsementKey of the TPM.');
  for (const [name, key] of Object.entries({ endorsementKey, storageRootKey }))
    if (key !== undefined) checkBase64(key, `attestation.tpm.${name}`, 32, 2048);
  return { type: 'tpm', endorsementKey, ...(storageRootKey !== undefined && { storageRootKey }) };
}

function parseX509(fields: Fields, kind: EnrollmentKind, before: StoredAttestation | undefined): StoredAttestation {
  const kept = before?.type === 'x509' ? before : undefined;
  const references = membersOf(fields, 'caReferences');
  if (kind === 'group' && (stringField(references, 'primary') ?? '') !== '')
    return { type: 'x509', role: 'authority', ...pairOf((name) => stringField(references, name) || undefined) };
  const role = kind === 'group' ? 'signing' : 'client';
  const name = role === 'signing' ? 'signingCertificates' : 'clientCertificates';
  const pair = membersOf(fields, name);
  const read = pairOf((which) =>
    readEnrolled(
      membersOf(pair, which),
      `attestation.x509.${name}.${which}`,
      kept?.role === role ? kept[which] : undefined,
    ),
  );
  if (read.primary === undefined && read.secondary === undefined)
    throw new HubError(
      'ArgumentInvalid',
      `attestation.x509 needs ${name}${kind === 'group' ? ' or caReferences' : ''}.`,
    );
  return { type: 'x509', role, ...read };
}

function readEnrolled(fields: Fields, name: string, kept: string | undefined): string | undefined {
  const text = stringField(fields, 'certificate') ?? '';
  if (text !== '') return readCertificate(text, name);
  if (kept === undefined || fields.isEmpty) return undefined;
  return kept;
}

function pairOf(read: (name: 'primary' | 'secondary') => string | undefined): { primary?: string; secondary?: string } {
  const primary = read('primary');
  const secondary = read('secondary');
  return { ...(primary !== undefined && { primary }), ...(secondary !== undefined && { secondary }) };
}

function checkBase64(text: string, name: string, minimum: number, maximum: number): void {
  const bytes = Buffer.from(text, 'base64');
  const canonical = withoutTrailing(bytes.toString('base64'), '=') === withoutTrailing(text, '=');
  if (!canonical || bytes.length < minimum || bytes.length > maximum)
    throw new HubError('ArgumentInvalid', `${name} must be base64 of ${minimum} to ${maximum} bytes.`);
}

/** The attestation as services see it; symmetric keys only when `secrets`. */
export function viewAttestation(attestation: StoredAttestation, secrets: boolean): Attestation {
  if (attestation.type === 'symmetricKey') {
    const { type, primaryKey, secondaryKey } = attestation;
    return secrets ? { type, symmetricKey: { primaryKey, secondaryKey } } : { type };
  }
  if (attestation.type === 'tpm') {
    const { type, ...tpm } = attestation;
    return { type, tpm };
  }
  const { type, role, ...pair } = attestation;
  if (role === 'authority') return { type, x509: { caReferences: pair } };
  const shown = {
    ...(pair.primary && { primary: viewCertificate(pair.primary) }),
    ...(pair.secondary && { secondary: viewCertificate(pair.secondary) }),
  };
  return { type, x509: role === 'client' ? { clientCertificates: shown } : { signingCertificates: shown } };
}

function viewCertificate(der: string): EnrolledCertificate {
  return { info: certificateInfo(fromDer(der)) };
}
