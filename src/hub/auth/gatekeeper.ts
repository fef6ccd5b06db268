import type { Clock } from '../../std/clock.ts';
import { HubError } from '../../protocol/hub-errors.ts';
import type { AuthMethod } from '../../protocol/telemetry/message.ts';
import { parseSasToken, tokenCovers, tokenSkewMs, verifySasToken, type SasToken } from '../../protocol/sas-token.ts';
import type { DeviceRecord, RegistryStore, Sender } from '../core/ports.ts';
import type { AccessPolicy, Gatekeeper } from '../core/services.ts';

export interface GatekeeperParts {
  readonly store: Pick<RegistryStore, 'read'>;
  readonly clock: Clock;
  readonly policies: readonly AccessPolicy[];
  /** Names this hub answers to, without ports. */
  readonly hostNames: readonly string[];
}

/** Stands in for the keys of devices and policies that do not exist, so that the answer takes as long. */
const nobodysKey = Buffer.alloc(32, 0x5a).toString('base64');

/** Checks shared access signatures. Source: device.md §1.2, service.md §1. */
export function createGatekeeper(parts: GatekeeperParts): Gatekeeper {
  const policies = new Map(parts.policies.map((policy) => [policy.name, policy]));
  const covers = (token: SasToken, path: string): boolean =>
    parts.hostNames.some((host) => tokenCovers(token, `${host}${path}`));
  const now = (): number => parts.clock.now();

  /** The policy that signed the token; refuses when none did. */
  function signer(token: SasToken, keyOf = (key: string): string => key): AccessPolicy {
    const policy = policies.get(token.keyName ?? '');
    const keys = policy === undefined ? [nobodysKey] : [policy.primaryKey, policy.secondaryKey];
    const verified = verifySasToken(token, keys.map(keyOf));
    if (policy === undefined || !verified) throw unauthorized();
    return policy;
  }

  return {
    async authenticateDevice({ identity: deviceId, token: text, modelId = '' }) {
      const token = text === undefined ? undefined : parseSasToken(text);
      if (token === undefined) throw malformed();
      const record = await parts.store.read(deviceId);
      const auth = token.keyName === undefined ? proveByOwnKey(token, record) : proveByPolicy(signer(token));
      const expiresAt = token.expiresAt * 1_000 + tokenSkewMs;
      if (expiresAt < now() || !covers(token, `/devices/${deviceId}`)) throw unauthorized();
      if (record === undefined) throw new HubError('DeviceNotFound', `Device '${deviceId}' is not registered.`);
      if (record.status === 'disabled') throw new HubError('DeviceDisabled', `Device '${deviceId}' is disabled.`);
      const sender: Sender = {
        deviceId,
        moduleId: '',
        generationId: record.generationId,
        auth,
        modelId,
        source: 'Telemetry',
      };
      return { sender, expiresAt, identityCounter: record.identityCounter };
    },
    async authorizeService({ token: text, resource, anyOf }) {
      if (text === undefined) throw malformed();
      const token = parseSasToken(text);
      if (token === undefined) throw malformed();
      const policy = signer(token);
      const allowed = anyOf.some((permission) => policy.permissions.includes(permission));
      const expiresAt = token.expiresAt * 1_000;
      if (!allowed || expiresAt < now() || !covers(token, resource)) throw unauthorized();
      return { policy: policy.name, expiresAt };
    },
    async authorizeEventHub(text) {
      const token = parseSasToken(text);
      if (token === undefined) throw malformed();
      const policy = signer(token, keyOfText);
      const expiresAt = token.expiresAt * 1_000;
      if (!policy.permissions.includes('ServiceConnect') || expiresAt < now()) throw unauthorized();
      return { policy: policy.name, expiresAt };
    },
  };
}

/** Event Hubs clients sign with the text of the key instead of the bytes it encodes. Source: service.md §9.3. */
function keyOfText(key: string): string {
  return Buffer.from(key, 'utf8').toString('base64');
}

/** A device that does not exist is refused like a wrong key: nobody learns which ids are registered. */
function proveByOwnKey(token: SasToken, record: DeviceRecord | undefined): AuthMethod {
  const holdsKeys = record?.authType === 'sas';
  const verified = verifySasToken(
    token,
    holdsKeys ? [record.primaryKey, record.secondaryKey] : [nobodysKey, nobodysKey],
  );
  if (!holdsKeys || !verified) throw unauthorized();
  return { scope: 'device', type: 'sas', issuer: 'iothub' };
}

function proveByPolicy(policy: AccessPolicy): AuthMethod {
  if (!policy.permissions.includes('DeviceConnect')) throw unauthorized();
  return { scope: 'hub', type: 'sas', issuer: 'iothub' };
}

/** One answer for every reason, so that a caller cannot find out which part was right. */
function unauthorized(): HubError {
  return new HubError('IotHubUnauthorizedAccess', 'Unauthorized');
}

function malformed(): HubError {
  return new HubError('IotHubUnauthorizedAccess', 'Unauthorized: a shared access signature is missing or malformed.');
}
