import { expect, test } from 'vitest';
import { loadPolicies } from '../../../src/hub/auth/policies.ts';
import type { JsonValue } from '../../../src/std/json.ts';

function memory(initial?: JsonValue) {
  const settings = new Map<string, JsonValue>(initial === undefined ? [] : [['accessPolicies', initial]]);
  return {
    settings,
    readSetting: (name: string) => Promise.resolve(settings.get(name)),
    writeSetting: (name: string, value: JsonValue) => Promise.resolve(void settings.set(name, value)),
  };
}

test('when a hub starts for the first time, it has its policies with keys of their own', async () => {
  const policies = await loadPolicies(memory());
  expect(policies.map(({ name }) => name)).toEqual([
    'iothubowner',
    'service',
    'device',
    'registryRead',
    'registryReadWrite',
    'provisioningserviceowner',
  ]);
  const keys = policies.flatMap(({ primaryKey, secondaryKey }) => [primaryKey, secondaryKey]);
  expect(new Set(keys).size).toBe(12);
  for (const key of keys) expect(Buffer.from(key, 'base64')).toHaveLength(32);
});

test('when a hub starts again, the policies are the stored ones', async () => {
  const store = memory();
  const first = await loadPolicies(store);
  expect(await loadPolicies(store)).toEqual(first);
});

test('when a hub has policies from before there was a provisioning service, then that gets its own, and the others keep their keys', async () => {
  const old = { permissions: ['ServiceConnect'], primaryKey: 'a', secondaryKey: 'b' };
  const store = memory([
    { ...old, name: 'iothubowner' },
    { ...old, name: 'service' },
  ]);
  const [owner, service, provisioning, ...others] = await loadPolicies(store);
  expect(owner).toMatchObject({ name: 'iothubowner', primaryKey: 'a' });
  expect(owner?.permissions).toContain('EnrollmentWrite');
  expect(service).toEqual({ ...old, name: 'service' });
  expect(provisioning).toMatchObject({ name: 'provisioningserviceowner' });
  expect(provisioning?.permissions).not.toContain('RegistryWrite');
  expect(others).toEqual([]);
  expect(await loadPolicies(store)).toEqual([owner, service, provisioning]);
});

test.each([
  ['no list', {}],
  ['a policy without a key', [{ name: 'x', permissions: [], primaryKey: 'a' }]],
  ['an unknown permission', [{ name: 'x', permissions: ['Everything'], primaryKey: 'a', secondaryKey: 'b' }]],
])('when what is stored is %s, the hub refuses to guess', async (_what, stored) => {
  await expect(loadPolicies(memory(stored as JsonValue))).rejects.toThrow(TypeError);
});
