import { randomBytes } from 'node:crypto';
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';
import type { RegistryStore } from '../core/ports.ts';
import type { AccessPolicy, Permission } from '../core/services.ts';

const settingName = 'accessPolicies';

/** The policies every hub starts with. Source: service.md §1.2. */
const defaults: Readonly<Record<string, readonly Permission[]>> = {
  iothubowner: ['RegistryRead', 'RegistryWrite', 'ServiceConnect', 'DeviceConnect'],
  service: ['ServiceConnect'],
  device: ['DeviceConnect'],
  registryRead: ['RegistryRead'],
  registryReadWrite: ['RegistryRead', 'RegistryWrite'],
};

/** The hub's shared access policies; at the first start they are made, with random keys, and stored. */
export async function loadPolicies(
  store: Pick<RegistryStore, 'readSetting' | 'writeSetting'>,
): Promise<readonly AccessPolicy[]> {
  const stored = await store.readSetting(settingName);
  if (stored !== undefined) return readPolicies(stored);
  const policies = Object.entries(defaults).map(([name, permissions]) => ({
    name,
    permissions,
    primaryKey: randomBytes(32).toString('base64'),
    secondaryKey: randomBytes(32).toString('base64'),
  }));
  await store.writeSetting(
    settingName,
    policies.map((policy): JsonObject => ({ ...policy, permissions: [...policy.permissions] })),
  );
  return policies;
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

const known: readonly Permission[] = ['RegistryRead', 'RegistryWrite', 'ServiceConnect', 'DeviceConnect'];

function readPermission(value: JsonValue): Permission {
  const permission = known.find((name) => name === value);
  if (permission === undefined) throw new TypeError('a stored access policy has an unknown permission');
  return permission;
}
