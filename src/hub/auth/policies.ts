import { randomBytes } from 'node:crypto';
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';
import type { RegistryStore } from '../core/ports.ts';
import type { AccessPolicy, Permission } from '../core/services.ts';

const settingName = 'accessPolicies';
/** The policy with every right. */
const ownerPolicy = 'iothubowner';

/** Rights at the provisioning service. Source: service.md §10. */
const provisioning = [
  'ServiceConfig',
  'EnrollmentRead',
  'EnrollmentWrite',
  'RegistrationStatusRead',
  'RegistrationStatusWrite',
] as const satisfies readonly Permission[];

/** The policy of the provisioning service. */
export const provisioningPolicy = 'provisioningserviceowner';

/**
 * The policies every hub starts with. Source: service.md §1.2, §10. In the cloud the provisioning service is another one than the
 * hub; here they are the same, and whoever owns the one owns the other.
 */
export const defaultPolicies: Readonly<Record<string, readonly Permission[]>> = {
  iothubowner: ['RegistryRead', 'RegistryWrite', 'ServiceConnect', 'DeviceConnect', ...provisioning],
  service: ['ServiceConnect'],
  device: ['DeviceConnect'],
  registryRead: ['RegistryRead'],
  registryReadWrite: ['RegistryRead', 'RegistryWrite'],
  [provisioningPolicy]: provisioning,
};

/** The hub's shared access policies; at the first start they are made, with random keys, and stored. */
export async function loadPolicies(
  store: Pick<RegistryStore, 'readSetting' | 'writeSetting'>,
): Promise<readonly AccessPolicy[]> {
  const setting = await store.readSetting(settingName);
  const stored = setting === undefined ? [] : readPolicies(setting);
  // A hub from before there was a provisioning service has neither its policy nor its rights.
  const isCurrent = stored.some(({ name }) => name === provisioningPolicy);
  if (isCurrent) return stored;
  const policies = [...stored.map(withProvisioning), ...missingFrom(stored)];
  await store.writeSetting(
    settingName,
    policies.map((policy): JsonObject => ({ ...policy, permissions: [...policy.permissions] })),
  );
  return policies;
}

function withProvisioning(policy: AccessPolicy): AccessPolicy {
  return policy.name === ownerPolicy ? { ...policy, permissions: [...policy.permissions, ...provisioning] } : policy;
}

function missingFrom(stored: readonly AccessPolicy[]): readonly AccessPolicy[] {
  return Object.entries(defaultPolicies)
    .filter(([name]) => stored.length === 0 || name === provisioningPolicy)
    .map(([name, permissions]) => ({
      name,
      permissions,
      primaryKey: randomBytes(32).toString('base64'),
      secondaryKey: randomBytes(32).toString('base64'),
    }));
}

/** Reads the stored form strictly: a policy that cannot be understood must not silently lose or gain rights. */
function readPolicies(stored: JsonValue): readonly AccessPolicy[] {
  if (!Array.isArray(stored)) throw new TypeError('the stored access policies are not a list');
  return stored.map((item) => {
    const { name, permissions, primaryKey, secondaryKey } = isJsonObject(item) ? item : {};
    if (
      typeof name !== 'string' ||
      typeof primaryKey !== 'string' ||
      typeof secondaryKey !== 'string' ||
      !Array.isArray(permissions)
    ) {
      throw new TypeError('a stored access policy lacks a part');
    }
    return { name, primaryKey, secondaryKey, permissions: permissions.map(readPermission) };
  });
}

const known: readonly Permission[] = [
  'RegistryRead',
  'RegistryWrite',
  'ServiceConnect',
  'DeviceConnect',
  ...provisioning,
];

function readPermission(value: JsonValue): Permission {
  const permission = known.find((name) => name === value);
  if (permission === undefined) throw new TypeError('a stored access policy has an unknown permission');
  return permission;
}
