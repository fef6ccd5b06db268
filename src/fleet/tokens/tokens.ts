import { Failure } from '../../errors/index.ts';
import {
  identityNames,
  identityPath,
  identityResource,
  isModulePath,
  type IdentityPath,
} from '../../protocol/identity-path.ts';
import { createSasToken, parseSasToken, tokenCovers, verifySasToken, type SasToken } from '../../protocol/sas-token.ts';
import type { Hub } from '../ports.ts';

/** What a token says. Nothing of it is secret; the signature is left out. */
export interface DecodedToken {
  /** As it stands in the token, decoded: `hub.example/devices/pump-1`. */
  readonly resource: string;
  readonly hostName: string;
  readonly deviceId: string | null;
  readonly moduleId: string | null;
  /** The policy whose key signed; null when the identity's own key did. */
  readonly policy: string | null;
  /** ISO 8601. */
  readonly expires: string;
  readonly expired: boolean;
}

/** The key of a policy, where a profile has one. */
export interface PolicyKey {
  readonly hostName: string;
  readonly name: string;
  readonly key: string;
}

/** Failure: invalid-input. The token itself is never in its text. */
export function decodeToken(text: string, now: number): DecodedToken {
  const token = parse(text);
  const resource = decoded(token.resource);
  const [hostName = '', ...path] = resource.split('/');
  const identity = identityOf(path);
  return {
    resource,
    hostName,
    deviceId: identity?.deviceId ?? null,
    moduleId: identity?.moduleId ?? null,
    policy: token.keyName ?? null,
    expires: new Date(token.expiresAt * 1_000).toISOString(),
    expired: token.expiresAt * 1_000 < now,
  };
}

/** A token of a device or module, signed with its primary key, or of the profile's policy. Failures: device-not-found, conflict, usage. */
export async function createToken(
  hub: Pick<Hub, 'devices' | 'modules'>,
  request: {
    readonly identity: IdentityPath | undefined;
    readonly policy: PolicyKey | undefined;
    readonly hostName: string;
    /** Unix milliseconds. */
    readonly expiresAt: number;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<string> {
  const { identity, policy, signal } = request;
  const hostName = request.hostName.toLowerCase().replace(/:\d+$/, '');
  const expiresAt = Math.floor(request.expiresAt / 1_000);
  if (identity === undefined) {
    if (policy === undefined) throw noPolicyKey();
    return createSasToken({ resource: hostName, key: policy.key, keyName: policy.name, expiresAt });
  }
  const [key] = await keysOf(hub, identity, signal);
  if (key === undefined) throw new Failure('conflict', `${identity} has no keys; it authenticates otherwise`);
  return createSasToken({ resource: `${hostName}${identityResource(identity)}`, key, expiresAt });
}

/** Why the hub would refuse the token; undefined when it would take it. */
export async function findTokenProblem(
  hub: Pick<Hub, 'devices' | 'modules'>,
  text: string,
  request: { readonly policy: PolicyKey | undefined; readonly now: number; readonly signal?: AbortSignal | undefined },
): Promise<string | undefined> {
  const token = parse(text);
  const said = decodeToken(text, request.now);
  if (said.expired) return `it expired at ${said.expires}`;
  if (token.keyName !== undefined) {
    const { policy } = request;
    if (policy === undefined || policy.name !== token.keyName)
      return `it is of the policy ${token.keyName}, whose key this profile does not hold`;
    return verifySasToken(token, [policy.key]) ? undefined : `the key of the policy ${policy.name} did not sign it`;
  }
  if (said.deviceId === null) return 'it names neither a policy nor a device';
  const identity = identityPath(said.deviceId, said.moduleId ?? '');
  const keys = await keysOf(hub, identity, request.signal);
  if (keys.length === 0) return `${identity} has no keys; it authenticates otherwise`;
  if (!tokenCovers(token, `${said.hostName}${identityResource(identity)}`)) return `it does not cover ${identity}`;
  return verifySasToken(token, keys) ? undefined : `neither key of ${identity} signed it`;
}

async function keysOf(
  hub: Pick<Hub, 'devices' | 'modules'>,
  identity: IdentityPath,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const { authentication } = isModulePath(identity)
    ? await hub.modules.get(identity, signal)
    : await hub.devices.get(identityNames(identity).deviceId, signal);
  if (authentication.type !== 'sas') return [];
  const { primaryKey, secondaryKey } = authentication.symmetricKey;
  return [primaryKey, secondaryKey].filter((key) => key !== null);
}

function parse(text: string): SasToken {
  const token = parseSasToken(text.trim());
  if (token !== undefined) return token;
  throw new Failure('invalid-input', 'this is not a shared access signature', {
    hint: 'it begins with "SharedAccessSignature sr=" and has sr, sig and se',
  });
}

function identityOf(path: readonly string[]): { deviceId: string; moduleId: string | null } | undefined {
  const [devices, deviceId, modules, moduleId] = path;
  if (devices?.toLowerCase() !== 'devices' || deviceId === undefined || deviceId === '') return undefined;
  return { deviceId, moduleId: modules?.toLowerCase() === 'modules' && moduleId !== undefined ? moduleId : null };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function noPolicyKey(): Failure {
  return new Failure('usage', 'this profile has no key of a policy to sign with', {
    hint: 'name a device, or use a profile made from a connection string',
  });
}
