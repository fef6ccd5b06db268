import { HubError } from '../../../protocol/hub-errors.ts';
import type { AuthenticationType, DeviceStatus } from '../../../protocol/identity.ts';
import { generateKeys, keyBytes } from '../keys.ts';
import { membersOf, noFields, stringField, wordField, type Fields } from '../untrusted.ts';
import { withoutTrailing } from '../../../std/without-trailing.ts';
import { parseIotEdge } from './capabilities.ts';

/** What a service may say about an identity; everything it left out has its default. */
export interface IdentityDraft {
  readonly status: DeviceStatus;
  readonly statusReason: string | null;
  readonly authType: AuthenticationType;
  readonly primaryKey: string | null;
  readonly secondaryKey: string | null;
  readonly primaryThumbprint: string | null;
  readonly secondaryThumbprint: string | null;
  readonly iotEdge: boolean;
  readonly managedBy: string | null;
  /** As it was written: empty text detaches, undefined says nothing. See device-scopes.ts. */
  readonly scopes: ScopeRequest;
}

export interface ScopeRequest {
  readonly deviceScope: string | undefined;
  readonly parentScopes: readonly string[] | undefined;
}

const reasonLimit = 128;

/**
 * Reads the writable part of an identity; read-only members that the SDKs echo are ignored. Keys that are missing or empty are
 * generated. Source: service.md §2.2, §2.3. Failure: HubError ArgumentInvalid.
 */
export function parseIdentityDraft(fields: Fields): IdentityDraft {
  const authentication = parseAuthentication(membersOf(fields, 'authentication'));
  if (authentication.authType === 'none')
    throw new HubError('ArgumentInvalid', 'authentication.type none is not allowed for a device.');
  const statusReason = stringField(fields, 'statusReason') ?? null;
  if (statusReason !== null && statusReason.length > reasonLimit) {
    throw new HubError('ArgumentInvalid', `statusReason must not be longer than ${reasonLimit} characters.`);
  }
  return {
    status: wordField(fields, 'status', ['enabled', 'disabled']) ?? 'enabled',
    statusReason,
    iotEdge: parseIotEdge(fields),
    managedBy: null,
    scopes: { deviceScope: stringField(fields, 'deviceScope'), parentScopes: textsField(fields, 'parentScopes') },
    ...authentication,
  };
}

/** Reads the writable part of a module identity: it has no status, no capabilities and no scopes of its own. */
export function parseModuleDraft(fields: Fields): IdentityDraft {
  const authentication = parseAuthentication(membersOf(fields, 'authentication'));
  const managedBy = stringField(fields, 'managedBy') ?? '';
  if (managedBy.length > reasonLimit)
    throw new HubError('ArgumentInvalid', `managedBy must not be longer than ${reasonLimit} characters.`);
  return {
    status: 'enabled',
    statusReason: null,
    iotEdge: false,
    managedBy: managedBy === '' ? null : managedBy,
    scopes: { deviceScope: undefined, parentScopes: undefined },
    // The hub turns none into sas for modules. Source: service.md §2.3.
    ...(authentication.authType === 'none' ? parseAuthentication(noFields) : authentication),
  };
}

type Credentials = Pick<
  IdentityDraft,
  'authType' | 'primaryKey' | 'secondaryKey' | 'primaryThumbprint' | 'secondaryThumbprint'
>;

function parseAuthentication(fields: Fields): Credentials {
  const thumbprints = membersOf(fields, 'x509Thumbprint');
  const primaryThumbprint = parseThumbprint(thumbprints, 'primaryThumbprint');
  const secondaryThumbprint = parseThumbprint(thumbprints, 'secondaryThumbprint');
  const inferred = primaryThumbprint === null && secondaryThumbprint === null ? 'sas' : 'selfSigned';
  const authType = wordField(fields, 'type', ['sas', 'selfSigned', 'certificateAuthority', 'none']) ?? inferred;
  if (authType === 'sas') {
    return {
      authType,
      ...parseKeys(membersOf(fields, 'symmetricKey')),
      primaryThumbprint: null,
      secondaryThumbprint: null,
    };
  }
  const shown =
    authType === 'selfSigned'
      ? { primaryThumbprint, secondaryThumbprint }
      : { primaryThumbprint: null, secondaryThumbprint: null };
  return { authType, primaryKey: null, secondaryKey: null, ...shown };
}

function parseKeys(fields: Fields): { primaryKey: string; secondaryKey: string } {
  const primaryKey = stringField(fields, 'primaryKey') ?? '';
  const secondaryKey = stringField(fields, 'secondaryKey') ?? '';
  if (primaryKey === '' && secondaryKey === '') return generateKeys();
  if (primaryKey === '' || secondaryKey === '') {
    throw new HubError('ArgumentInvalid', 'Give both symmetric keys or neither.');
  }
  checkKey(primaryKey, 'primaryKey');
  if (secondaryKey !== primaryKey) checkKey(secondaryKey, 'secondaryKey');
  return { primaryKey, secondaryKey };
}

function checkKey(key: string, name: string): void {
  const bytes = Buffer.from(key, 'base64');
  const encoded = bytes.toString('base64');
  const canonical = encoded === key || withoutPadding(encoded) === withoutPadding(key);
  if (!canonical || bytes.length < keyBytes.minimum || bytes.length > keyBytes.maximum) {
    throw new HubError(
      'ArgumentInvalid',
      `${name} must be base64 of ${keyBytes.minimum} to ${keyBytes.maximum} bytes.`,
    );
  }
}

function withoutPadding(base64: string): string {
  return withoutTrailing(base64, '=');
}

function parseThumbprint(fields: Fields, name: string): string | null {
  const text = stringField(fields, name) ?? '';
  if (text === '') return null;
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(text)) {
    throw new HubError('ArgumentInvalid', `${name} must be 40 or 64 hexadecimal digits.`);
  }
  return text;
}

function textsField(fields: Fields, name: string): readonly string[] | undefined {
  const value = fields.get(name);
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
    throw new HubError('ArgumentInvalid', `${name} must be a list of strings.`);
  return value;
}
