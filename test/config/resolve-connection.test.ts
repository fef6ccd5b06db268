import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openProfileStore, resolveConnection, type Profile, type ResolveOptions } from '../../src/config/index.ts';
import { isFailure } from '../../src/errors/index.ts';
import { parsePolicyConnectionString as parse } from '../../src/protocol/connection-string.ts';
import { realClock } from '../support/real-clock.ts';

const key = Buffer.from('sixteen bytes ok').toString('base64');
const text = (host: string): string => `HostName=${host};SharedAccessKeyName=service;SharedAccessKey=${key}`;

function profile(name: string): Profile {
  return { name, kind: 'cloud', auth: 'key', hostName: `${name}.azure-devices.net`, sharedAccessKeyName: 'service' };
}

async function withStore(
  work: (options: (part: Partial<ResolveOptions>) => ResolveOptions, directory: string) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'iotctl-resolve-'));
  const store = openProfileStore({ directory: join(directory, 'config'), clock: realClock, keychain: 'off' });
  await store.save(profile('selected'), key);
  await store.save(profile('other'), key);
  await store.select('selected');
  try {
    await work((part) => ({ flags: {}, env: {}, store: async () => store, parse, ...part }), directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

describe('which hub is chosen', () => {
  test('when nothing is said, then the selected profile', () =>
    withStore(async (options) => {
      expect(await resolveConnection(options({}))).toMatchObject({
        name: 'selected',
        source: 'profile',
        sharedAccessKey: key,
      });
    }));

  test('when the environment names a profile, then that one', () =>
    withStore(async (options) => {
      expect(await resolveConnection(options({ env: { IOTCTL_PROFILE: 'other' } }))).toMatchObject({
        name: 'other',
        source: 'environment',
      });
    }));

  test('when the environment has a connection string, then it wins over a profile there', () =>
    withStore(async (options) => {
      const env = {
        IOTCTL_PROFILE: 'other',
        IOTCTL_CONNECTION_STRING: text('env-hub'),
        IOTCTL_SERVICE_URL: 'https://localhost:9443',
        IOTCTL_CA_FILE: '/ca.pem',
      };
      expect(await resolveConnection(options({ env }))).toMatchObject({
        hostName: 'env-hub',
        kind: 'local',
        auth: 'key',
        serviceUrl: 'https://localhost:9443',
        caFile: '/ca.pem',
        source: 'environment',
        fromConnectionString: true,
      });
    }));

  test('when a file is named in the environment, then it is read', () =>
    withStore(async (options, directory) => {
      const file = join(directory, 'connection.txt');
      writeFileSync(file, `${text('file-hub.azure-devices.net')}\n`);
      expect(await resolveConnection(options({ env: { IOTCTL_CONNECTION_STRING_FILE: file } }))).toMatchObject({
        hostName: 'file-hub.azure-devices.net',
        kind: 'cloud',
        auth: 'key',
      });
    }));

  test('when a flag names a profile or a file, then it wins over the environment', () =>
    withStore(async (options, directory) => {
      const env = { IOTCTL_CONNECTION_STRING: text('env-hub') };
      expect(await resolveConnection(options({ env, flags: { profile: 'other' } }))).toMatchObject({
        name: 'other',
        source: 'flag',
      });
      const file = join(directory, 'connection.txt');
      writeFileSync(file, text('flag-hub'));
      expect(await resolveConnection(options({ env, flags: { connectionStringFile: file } }))).toMatchObject({
        hostName: 'flag-hub',
        source: 'flag',
      });
      const readStdin = async (): Promise<string> => `${text('piped-hub')}\n`;
      expect(await resolveConnection(options({ env, readStdin, flags: { connectionStringFile: '-' } }))).toMatchObject({
        hostName: 'piped-hub',
      });
    }));
});

describe('what cannot be chosen', () => {
  const cases: [string, Partial<ResolveOptions>, string][] = [
    ['two flags', { flags: { profile: 'other', connectionStringFile: 'x' } }, 'usage'],
    ['an unknown profile', { flags: { profile: 'nowhere' } }, 'profile-not-found'],
    ['a file that is not there', { flags: { connectionStringFile: '/nowhere/at/all' } }, 'file-not-found'],
    ['half a connection string', { env: { IOTCTL_CONNECTION_STRING: 'HostName=x' } }, 'invalid-connection-string'],
    [
      'a device connection string',
      { env: { IOTCTL_CONNECTION_STRING: `HostName=x;DeviceId=a;SharedAccessKey=${key}` } },
      'invalid-connection-string',
    ],
  ];
  test.each(cases)('when it is %s, then the failure says so and shows no key', (_, part, code) =>
    withStore(async (options) => {
      const error: unknown = await resolveConnection(options(part)).catch((reason: unknown) => reason);
      expect(isFailure(error) && error.code).toBe(code);
      expect(String(error)).not.toContain(key);
    }),
  );

  test('when there is nothing at all, then no hub is chosen', async () => {
    const store = openProfileStore({ directory: '/nowhere/iotctl-test', clock: realClock, keychain: 'off' });
    await expect(
      resolveConnection({ flags: {}, env: { IOTCTL_PROFILE: ' ' }, store: async () => store, parse }),
    ).rejects.toMatchObject({ code: 'no-hub' });
  });
});

describe('the size of a hub in the environment', () => {
  const env = { IOTCTL_CONNECTION_STRING: `HostName=x.azure-devices.net;SharedAccessKeyName=s;SharedAccessKey=${key}` };

  test('when it is said, then it is that of the connection', () =>
    withStore(async (options) => {
      const sized = { ...env, IOTCTL_HUB_TIER: 's2', IOTCTL_HUB_UNITS: '3', IOTCTL_AMQP_URL: 'amqps://y:5671' };
      expect(await resolveConnection(options({ env: sized }))).toMatchObject({
        kind: 'cloud',
        tier: 'S2',
        units: 3,
        amqpUrl: 'amqps://y:5671',
      });
      expect(await resolveConnection(options({ env }))).not.toHaveProperty('tier');
    }));

  test.each([
    [{ IOTCTL_HUB_TIER: 'S9' }, 'IOTCTL_HUB_TIER: "S9" is not one of F1, B1'],
    [{ IOTCTL_HUB_UNITS: '0' }, 'IOTCTL_HUB_UNITS: "0" is not a number of units'],
    [{ IOTCTL_HUB_UNITS: 'many' }, 'IOTCTL_HUB_UNITS: "many"'],
  ])('when it is %j, then the variable is named', (wrong, problem) =>
    withStore(async (options) => {
      await expect(resolveConnection(options({ env: { ...env, ...wrong } }))).rejects.toThrow(problem);
    }),
  );
});
