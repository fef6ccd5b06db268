import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../std/clock.ts';
import { createLatestNow } from '../../std/latest-now.ts';
import { HubError } from '../../protocol/hub-errors.ts';
import { identityNames, identityResource, isModulePath, type IdentityPath } from '../../protocol/identity-path.ts';
import type { AuthMethod } from '../../protocol/telemetry/message.ts';
import { parseSasToken, tokenCovers, tokenSkewMs, verifySasToken, type SasToken } from '../../protocol/sas-token.ts';
import type { IdentityCredentials, RegistryStore, Sender } from '../core/ports.ts';
import { registryNotFound } from '../core/registry/preconditions.ts';
import type { AccessPolicy, Gatekeeper, PeerCertificates, ShownCredential } from '../core/services.ts';
import type { CertificateCheck } from './certificate-check.ts';

export interface GatekeeperParts {
  readonly store: Pick<RegistryStore, 'readCredentials'>;
  readonly clock: Clock;
  readonly policies: readonly AccessPolicy[];
  /** Names this hub answers to, without ports. */
  readonly hostNames: readonly string[];
  /** Whose own keys are refused, as `disableDeviceSAS` and `disableModuleSAS` do in the cloud; policies and certificates still count. */
  readonly refuseKeysOf?: readonly ('device' | 'module')[] | undefined;
  /** Without it nobody is let in by a certificate. */
  readonly certificates?: CertificateCheck | undefined;
}

/** Stands in for the keys of devices and policies that do not exist, so that the answer takes as long. */
const nobodysKey = Buffer.alloc(32, 0x5a).toString('base64');

/** Checks shared access signatures and certificates. Source: device.md §1.2, §1.3, service.md §1. */
export function createGatekeeper(parts: GatekeeperParts): Gatekeeper {
  const policies = new Map(parts.policies.map((policy) => [policy.name, policy]));
  const covers = (token: SasToken, path: string): boolean =>
    parts.hostNames.some((host) => tokenCovers(token, `${host}${path}`));
  const latestNow = createLatestNow(parts.clock);
  /** When a proof ends, by the wall clock as it is now; undefined when it has ended. */
  const endOf = (token: SasToken, skewMs = 0): number | undefined => {
    const left = token.expiresAt * 1_000 + skewMs - latestNow();
    return left < 0 ? undefined : parts.clock.now() + left;
  };

  /** The policy that signed the token; refuses when none did. */
  function signer(token: SasToken, formsOf = (key: string): readonly string[] => [key]): AccessPolicy {
    const policy = policies.get(token.keyName ?? '');
    const keys = policy === undefined ? [nobodysKey] : [policy.primaryKey, policy.secondaryKey];
    const verified = verifySasToken(token, keys.flatMap(formsOf));
    if (policy === undefined || !verified) throw unauthorized();
    return policy;
  }

  function proveByToken(
    text: string | undefined,
    record: IdentityCredentials | undefined,
    identity: IdentityPath,
  ): Proof {
    const token = text === undefined ? undefined : parseSasToken(text);
    if (token === undefined) throw malformed();
    const credential = token.keyName === undefined ? ownKeyOf(token, record) : connectingPolicy(signer(token));
    if (credential !== 'policy' && parts.refuseKeysOf?.includes(scopeOf(identity)) === true) throw refusedThough();
    const expiresAt = endOf(token, tokenSkewMs);
    if (expiresAt === undefined || !covers(token, identityResource(identity))) throw refusedThough();
    const scope = credential === 'policy' ? 'hub' : scopeOf(identity);
    return { credential, expiresAt, auth: { scope, type: 'sas', issuer: 'iothub' } };
  }

  async function proveByCertificate(
    certificates: PeerCertificates,
    record: IdentityCredentials | undefined,
    identity: IdentityPath,
  ): Promise<Proof> {
    const credential = await parts.certificates?.check(certificates, record, identity);
    if (credential === undefined) throw unauthorized();
    const issuer = credential === 'authority' ? 'external' : 'self';
    return { credential, expiresAt: undefined, auth: { scope: scopeOf(identity), type: 'x509', issuer } };
  }

  return {
    async authenticateDevice({ identity, token, certificates, modelId = '' }) {
      const { deviceId, moduleId } = identityNames(identity);
      const record = await parts.store.readCredentials(identity);
      // A token wins over a certificate. Source: device.md §1.3.
      const proof =
        token === undefined && certificates !== undefined
          ? await proveByCertificate(certificates, record, identity)
          : proveByToken(token, record, identity);
      if (record === undefined) throw registryNotFound(identity);
      if (record.status !== 'enabled') throw new HubError('DeviceDisabled', `Device '${deviceId}' is disabled.`);
      const { generationId, identityCounter } = record;
      const sender: Sender = { deviceId, moduleId, generationId, auth: proof.auth, modelId, source: 'Telemetry' };
      return { sender, credential: proof.credential, expiresAt: proof.expiresAt, identityCounter };
    },
    async authorizeService({ token: text, resource, anyOf }) {
      if (text === undefined) throw malformed();
      const token = parseSasToken(text);
      if (token === undefined) throw malformed();
      const policy = signer(token);
      const allowed = anyOf.some((permission) => policy.permissions.includes(permission));
      const expiresAt = endOf(token);
      if (!allowed || expiresAt === undefined || !covers(token, resource)) throw refusedThough();
      return { policy: policy.name, expiresAt };
    },
    async authorizeEventHub(text) {
      const token = parseSasToken(text);
      if (token === undefined) throw malformed();
      const policy = signer(token, eventHubKeys);
      const expiresAt = endOf(token);
      if (!policy.permissions.includes('ServiceConnect') || expiresAt === undefined) throw refusedThough();
      return { policy: policy.name, expiresAt };
    },
    async authorizeEventHubKey(name, key) {
      const policy = policies.get(name);
      const keys = policy === undefined ? [nobodysKey] : [policy.primaryKey, policy.secondaryKey];
      const verified = keys.map((held) => sameSecret(held, key)).includes(true);
      if (policy === undefined || !verified) throw unauthorized();
      if (!policy.permissions.includes('ServiceConnect')) throw refusedThough();
      return { policy: name };
    },
  };
}

/** In a time that tells nothing of either. */
function sameSecret(held: string, given: string): boolean {
  const [left, right] = [held, given].map((text) => createHash('sha256').update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}

/**
 * Event Hubs clients sign with the text of the key instead of the bytes it encodes (service.md §9.3), except older ones that are given
 * the hub's connection string and ask it for the endpoint.
 */
function eventHubKeys(key: string): readonly string[] {
  return [Buffer.from(key, 'utf8').toString('base64'), key];
}

/** What a credential proved. */
interface Proof {
  readonly credential: ShownCredential;
  readonly expiresAt: number | undefined;
  readonly auth: AuthMethod;
}

/** An identity that does not exist is refused like a wrong key: nobody learns which ids are registered. */
function ownKeyOf(token: SasToken, record: IdentityCredentials | undefined): 'primaryKey' | 'secondaryKey' {
  const holdsKeys = record?.authType === 'sas';
  // Both are tried whatever the first says, so that the time tells nothing.
  const primary = verifySasToken(token, [holdsKeys ? record.primaryKey : nobodysKey]);
  const secondary = verifySasToken(token, [holdsKeys ? record.secondaryKey : nobodysKey]);
  if (!holdsKeys || !(primary || secondary)) throw unauthorized();
  return primary ? 'primaryKey' : 'secondaryKey';
}

function connectingPolicy(policy: AccessPolicy): 'policy' {
  if (!policy.permissions.includes('DeviceConnect')) throw refusedThough();
  return 'policy';
}

function scopeOf(identity: IdentityPath): 'device' | 'module' {
  return isModulePath(identity) ? 'module' : 'device';
}

/** One answer for every reason, so that a caller cannot find out which part was right. */
function unauthorized(): HubError {
  return new HubError('IotHubUnauthorizedAccess', 'Unauthorized');
}

const knewKey = new WeakSet<Error>();

/** The same answer for somebody who has the key, but no right, or a token that is over or for something else. */
function refusedThough(): HubError {
  const refusal = unauthorized();
  knewKey.add(refusal);
  return refusal;
}

/** True for a refusal of credentials that were not made with any key of whom they name. */
export function isWrongKey(error: unknown): boolean {
  return error instanceof HubError && error.status === 401 && !knewKey.has(error);
}

function malformed(): HubError {
  return new HubError('IotHubUnauthorizedAccess', 'Unauthorized: a shared access signature is missing or malformed.');
}
