import { expect, test } from 'vitest';
import type { ProbeReport } from '../../../src/client/index.ts';
import type { ConfigInspection, Connection, KeyConnection } from '../../../src/config/index.ts';
import { Failure } from '../../../src/errors/index.ts';
import { failureOfChecks, runChecks, type Check, type DoctorDependencies } from '../../../src/fleet/doctor/index.ts';

const now = Date.UTC(2026, 10, 21);
const connection: KeyConnection = {
  name: 'plant',
  kind: 'cloud',
  auth: 'key',
  hostName: 'plant.azure-devices.net',
  sharedAccessKeyName: 'service',
  sharedAccessKey: 'a2V5',
  source: 'profile',
};
const healthy: ProbeReport = {
  address: 'plant.azure-devices.net:443',
  secure: true,
  failure: undefined,
  roundTripMs: 31,
  certificateEndsAt: now + 90 * 86_400_000,
  clockSkewMs: 400,
  permissions: { registryRead: true, registryWrite: true, serviceConnect: true },
  parts: [
    { part: 'devices', served: true, detail: 'devices' },
    { part: 'twins', served: true, detail: 'twins' },
    { part: 'extensions', served: false, detail: 'faults' },
  ],
};
const tidy: ConfigInspection = { directory: '/home/me/.config/iotctl', exists: true, files: 3, problems: [] };

async function examine(part: Partial<DoctorDependencies>): Promise<Record<string, Check>> {
  const checks: Record<string, Check> = {};
  const dependencies: DoctorDependencies = {
    inspect: async () => tidy,
    connection: async () => connection,
    probe: async () => healthy,
    nodeVersion: '24.21.0',
    sqliteVersion: async () => '3.53.4',
    now: () => now,
    ...part,
  };
  for await (const check of runChecks(dependencies)) checks[check.name] = check;
  return checks;
}

const verdicts = (checks: Record<string, Check>): Record<string, string> =>
  Object.fromEntries(Object.values(checks).map(({ name, verdict }) => [name, verdict]));
const exitOf = (checks: Record<string, Check>): number | undefined => failureOfChecks(Object.values(checks))?.exitCode;

test('when everything is well, then every check is ok and nothing needs doing', async () => {
  const checks = await examine({});
  expect(new Set(Object.values(verdicts(checks)))).toEqual(new Set(['ok']));
  expect(Object.keys(checks)).toEqual([
    'node',
    'sqlite',
    'configuration',
    'permissions',
    'hub',
    'reachability',
    'tls',
    'clock',
    'credentials',
    'services',
  ]);
  expect(checks['services']?.detail).toBe('it serves devices; twins; not faults');
  expect(Object.values(checks).every(({ remedy }) => remedy === null)).toBe(true);
  expect(exitOf(checks)).toBeUndefined();
});

test('when no hub is chosen, then the hub checks are skipped and the remedy starts one', async () => {
  const checks = await examine({ connection: async () => Promise.reject(new Failure('no-hub', 'no hub is chosen')) });
  expect(verdicts(checks)).toMatchObject({ hub: 'failed', reachability: 'skipped', credentials: 'skipped' });
  expect(checks['hub']?.remedy).toContain('iotctl hub start');
  expect(exitOf(checks)).toBe(1);
});

test('when the hub does not answer, then that counts most', async () => {
  const failure = new Failure('hub-unreachable', 'nothing listens at localhost:443');
  const checks = await examine({ probe: async () => ({ ...healthy, failure }), nodeVersion: '22.17.9' });
  expect(verdicts(checks)).toMatchObject({ node: 'failed', reachability: 'failed', tls: 'skipped', clock: 'skipped' });
  expect(exitOf(checks)).toBe(9);
});

test('when the certificate is not trusted, then the hub is there but trust is missing', async () => {
  const failure = new Failure('tls-untrusted', 'signed by nobody');
  const checks = await examine({ probe: async () => ({ ...healthy, failure }) });
  expect(verdicts(checks)).toMatchObject({ reachability: 'ok', tls: 'failed', credentials: 'skipped' });
  expect(exitOf(checks)).toBe(4);
});

test.each([
  [90_000, 'warning', undefined],
  [-90_000, 'warning', undefined],
  [400_000, 'failed', 4],
  [-400_000, 'failed', 4],
])('when the clock is off by %d ms, then the verdict is %s', async (clockSkewMs, verdict, exit) => {
  const checks = await examine({ probe: async () => ({ ...healthy, clockSkewMs }) });
  expect(checks['clock']).toMatchObject({ verdict });
  expect(checks['clock']?.detail).toContain(clockSkewMs > 0 ? 'ahead' : 'behind');
  expect(exitOf(checks)).toBe(exit);
});

test('when the policy may do some things only, then they are named', async () => {
  const permissions = { registryRead: true, registryWrite: false, serviceConnect: undefined };
  const checks = await examine({ probe: async () => ({ ...healthy, permissions }) });
  expect(checks['credentials']).toMatchObject({ verdict: 'warning' });
  expect(checks['credentials']?.detail).toBe('policy service may read devices; it may not change devices');
});

test('when the hub refuses everything, then the key is wrong', async () => {
  const permissions = { registryRead: false, registryWrite: false, serviceConnect: false };
  const checks = await examine({ probe: async () => ({ ...healthy, permissions }) });
  expect(checks['credentials']).toMatchObject({ verdict: 'failed', code: 'not-authorised' });
  expect(exitOf(checks)).toBe(4);
});

test('when the certificate ends soon, then it warns with the day', async () => {
  const checks = await examine({ probe: async () => ({ ...healthy, certificateEndsAt: now + 86_400_000 }) });
  expect(checks['tls']).toMatchObject({ verdict: 'warning', detail: expect.stringContaining('2026-11-22') as string });
});

test('when SQLite is old or missing, then a newer Node is the remedy', async () => {
  expect((await examine({ sqliteVersion: async () => '3.51.2' }))['sqlite']).toMatchObject({ verdict: 'failed' });
  expect((await examine({ sqliteVersion: async () => '3.51.10' }))['sqlite']).toMatchObject({ verdict: 'ok' });
  expect(
    (await examine({ sqliteVersion: async () => Promise.reject(new Error('No such module')) }))['sqlite'],
  ).toMatchObject({ verdict: 'failed' });
});

test('when files are broken or open to others, then each is told with what to do', async () => {
  const problems: ConfigInspection['problems'] = [
    { path: '/c/profiles/a.json', kind: 'unreadable', problem: 'a.json cannot be used', remedy: 'correct it' },
    {
      path: '/c/secrets/a.key',
      kind: 'open',
      problem: 'other users may use it (mode 0644)',
      remedy: 'chmod 600 /c/secrets/a.key',
    },
  ];
  const checks = await examine({ inspect: async () => ({ ...tidy, problems }) });
  expect(checks['configuration']).toMatchObject({ verdict: 'failed', remedy: 'correct it' });
  expect(checks['permissions']).toMatchObject({ verdict: 'warning', remedy: 'chmod 600 /c/secrets/a.key' });
  expect(exitOf(checks)).toBe(1);
});

test('when the tier has no twins, then that is a warning, and no failure', async () => {
  const parts = [{ part: 'twins', served: false, detail: 'a hub of the basic tier has no twins' }] as const;
  const checks = await examine({ probe: async () => ({ ...healthy, parts }) });
  expect(checks['services']).toMatchObject({ verdict: 'warning', remedy: 'use a hub of a standard tier' });
  expect(exitOf(checks)).toBeUndefined();
});

test('when Entra ID is refused, then the remedy is a role', async () => {
  const { sharedAccessKeyName: _, sharedAccessKey: __, ...rest } = connection;
  const entra: Connection = { ...rest, auth: 'entra', credential: 'cli' };
  const permissions = { registryRead: false, registryWrite: false, serviceConnect: false };
  const checks = await examine({ connection: async () => entra, probe: async () => ({ ...healthy, permissions }) });
  expect(checks['credentials']).toMatchObject({ verdict: 'failed', detail: 'the hub refuses whoever is signed in' });
  expect(checks['credentials']?.remedy).toContain('IoT Hub Data Contributor');
});

test('when nobody can be signed in, then that is about the credentials, and the hub is not blamed', async () => {
  const failure = new Failure('not-authorised', 'the sign-in for plant failed', { hint: 'az login' });
  const checks = await examine({ probe: async () => ({ ...healthy, failure }) });
  expect(verdicts(checks)).toMatchObject({ reachability: 'skipped', credentials: 'failed', services: 'skipped' });
  expect(checks['credentials']?.remedy).toBe('az login');
  expect(exitOf(checks)).toBe(4);
});
