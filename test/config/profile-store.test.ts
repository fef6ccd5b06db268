import { fork } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inspectConfiguration, openProfileStore, type Keychain, type Profile } from '../../src/config/index.ts';
import { isFailure } from '../../src/errors/index.ts';
import { realClock } from '../support/real-clock.ts';

const uid = process.getuid?.();
const plant: Profile = {
  name: 'plant',
  kind: 'cloud',
  auth: 'key',
  hostName: 'plant.azure-devices.net',
  sharedAccessKeyName: 'service',
};
const local: Profile = {
  name: 'local',
  kind: 'local',
  auth: 'key',
  hostName: 'localhost',
  sharedAccessKeyName: 'iothubowner',
  serviceUrl: 'https://localhost:8443',
  deviceUrl: 'mqtts://localhost:8883',
  caFile: '/hub/ca.pem',
  protected: true,
};

let directory: string;
let notes: string[];

beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'iotctl-config-')), 'config');
  notes = [];
});
afterEach(() => rmSync(join(directory, '..'), { recursive: true, force: true }));

function open(keychain: Keychain | 'off' = 'off') {
  return openProfileStore({ directory, clock: realClock, keychain, uid, onNote: (text) => notes.push(text) });
}

function memoryKeychain(): Keychain & { readonly secrets: Map<string, string> } {
  const secrets = new Map<string, string>();
  return {
    secrets,
    get: async (account) => secrets.get(account),
    set: async (account, secret) => void secrets.set(account, secret),
    remove: async (account) => void secrets.delete(account),
  };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no failure',
    (error: unknown) => (isFailure(error) ? error.code : String(error)),
  );
}

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);
const keyFile = (): string => join(directory, 'secrets', readdirSync(join(directory, 'secrets'))[0] ?? '');
const profileFile = (name: string): string => join(directory, 'profiles', `${name}.json`);

describe('profiles', () => {
  test('when a profile is saved, then it comes back whole with its key', async () => {
    const store = open();
    expect(await store.save(local, 'c2VjcmV0')).toEqual({ secret: 'file' });
    expect(await store.get('local')).toEqual(local);
    expect(await store.connect('local')).toEqual({ ...local, sharedAccessKey: 'c2VjcmV0', source: 'profile' });
    expect(await store.list()).toEqual([local]);
  });

  test('when nothing was ever saved, then nothing is made by looking', async () => {
    const store = open();
    expect(await store.list()).toEqual([]);
    expect(await store.selected()).toBeUndefined();
    expect(await codeOf(store.get('plant'))).toBe('profile-not-found');
    expect(await codeOf(store.select('plant'))).toBe('profile-not-found');
    expect(() => statSync(directory)).toThrow();
  });

  test('when a name is taken, then only replace replaces it, and the old key goes', async () => {
    const store = open();
    await store.save(plant, 'b25l');
    expect(await codeOf(store.save(plant, 'dHdv'))).toBe('conflict');
    await store.save({ ...plant, hostName: 'other.azure-devices.net' }, 'dHdv', { replace: true });
    expect(await store.connect('plant')).toMatchObject({
      hostName: 'other.azure-devices.net',
      sharedAccessKey: 'dHdv',
    });
    expect(readdirSync(join(directory, 'secrets'))).toHaveLength(1);
  });

  test('when the selected profile is removed, then none is selected and its key is gone', async () => {
    const store = open();
    await store.save(plant, 'b25l');
    await store.select('plant');
    expect(await store.selected()).toBe('plant');
    await store.remove('plant');
    expect(await store.selected()).toBeUndefined();
    expect(readdirSync(join(directory, 'secrets'))).toEqual([]);
  });

  test.each(['../evil', '.hidden', 'a/b', '', 'a b', 'x'.repeat(65), '-flag'])(
    'when the name is %j, then it is refused',
    async (name) => {
      expect(await codeOf(open().save({ ...plant, name }, 'b25l'))).toBe('invalid-value');
      expect(await codeOf(open().get(name))).toBe('invalid-value');
    },
  );
});

describe('the storage URL of a profile', () => {
  const storageUrl = 'https://plant.example/fleet?sp=rcwdl&sig=one\nhttps://plant.example/fleet?sp=r&sig=two';

  test.each([
    ['a key', plant, 'a key'],
    ['Entra ID', { name: 'plant', kind: 'cloud', auth: 'entra', hostName: 'h', credential: 'cli' } as const, undefined],
  ])('when a profile opened by %s has one, then it is a secret beside the other', async (_, profile, secret) => {
    const store = open();
    await store.save(profile, secret, { storageUrl });
    expect(await store.connect('plant')).toMatchObject({ name: 'plant', storageUrl });
    expect(readFileSync(join(directory, 'profiles/plant.json'), 'utf8')).not.toContain('sig=');
    for (const file of readdirSync(join(directory, 'secrets')))
      expect(statSync(join(directory, 'secrets', file)).mode & 0o777).toBe(0o600);
  });

  test('when the profile is replaced or removed, then it goes with it', async () => {
    const store = open();
    await store.save(plant, 'a key', { storageUrl });
    await store.save(plant, 'a key', { replace: true });
    expect(await store.connect('plant')).not.toHaveProperty('storageUrl');
    expect(readdirSync(join(directory, 'secrets'))).toHaveLength(1);
    await store.save(plant, 'a key', { replace: true, storageUrl });
    await store.remove('plant');
    expect(readdirSync(join(directory, 'secrets'))).toEqual([]);
  });

  test('when it is in the keychain, then no file holds it', async () => {
    const keychain = memoryKeychain();
    await open(keychain).save(plant, 'a key', { storageUrl });
    expect([...keychain.secrets.values()].toSorted()).toEqual(['a key', storageUrl]);
    expect(await open(keychain).connect('plant')).toMatchObject({ storageUrl });
  });
});

describe('where keys are kept', () => {
  test('when there is a keychain, then no file holds the key', async () => {
    const keychain = memoryKeychain();
    expect(await open(keychain).save(plant, 'a2V5Y2hhaW4=')).toEqual({ secret: 'keychain' });
    expect([...keychain.secrets.values()]).toEqual(['a2V5Y2hhaW4=']);
    expect(readFileSync(profileFile('plant'), 'utf8')).not.toContain('a2V5');
    expect(await open(keychain).connect('plant')).toMatchObject({ sharedAccessKey: 'a2V5Y2hhaW4=' });
    await open(keychain).remove('plant');
    expect(keychain.secrets.size).toBe(0);
  });

  test('when the profile is of a local hub, then the keychain is left alone', async () => {
    const keychain = memoryKeychain();
    expect(await open(keychain).save(local, 'b25l')).toEqual({ secret: 'file' });
    expect(keychain.secrets.size).toBe(0);
  });

  test('when the keychain refuses the key, then a private file takes it and that is said', async () => {
    const keychain = { ...memoryKeychain(), set: async () => Promise.reject(new Error('locked')) };
    expect(await open(keychain).save(plant, 'b25l')).toEqual({ secret: 'file' });
    expect(notes.join()).toContain('keychain did not take the key');
  });

  test('when the keychain is absent later, then the failure says what helps', async () => {
    await open(memoryKeychain()).save(plant, 'b25l');
    expect(await codeOf(open('off').connect('plant'))).toBe('invalid-config');
  });

  test('when the key file is gone, then the failure names the profile', async () => {
    const store = open();
    await store.save(plant, 'b25l');
    rmSync(keyFile());
    await expect(store.connect('plant')).rejects.toThrow('the key of profile plant is gone');
  });

  test('when the real system keychain is asked, then it answers or is told absent, quickly', async () => {
    const store = openProfileStore({ directory, clock: realClock, uid });
    const { secret } = await store.save(plant, 'b25l');
    expect(['keychain', 'file']).toContain(secret);
    expect(await store.connect('plant')).toMatchObject({ sharedAccessKey: 'b25l' });
    await store.remove('plant');
  }, 15_000);
});

describe.skipIf(uid === undefined)('permissions', () => {
  test.each([0o000, 0o022, 0o077])('when the umask is %o, then files are 0600 and directories 0700', async (mask) => {
    const result = await runWriter([directory, 'plant', '1', String(mask)]);
    expect(result).toBe(0);
    expect([directory, join(directory, 'profiles'), join(directory, 'secrets')].map((path) => modeOf(path))).toEqual([
      '700',
      '700',
      '700',
    ]);
    expect([profileFile('plant-0'), keyFile()].map(modeOf)).toEqual(['600', '600']);
  });

  test('when files were opened to others, then they are closed again with a note', async () => {
    const store = open();
    await store.save(plant, 'b25l');
    chmodSync(keyFile(), 0o644);
    chmodSync(profileFile('plant'), 0o666);
    await store.connect('plant');
    expect([modeOf(keyFile()), modeOf(profileFile('plant'))]).toEqual(['600', '600']);
    expect(notes).toHaveLength(2);
  });

  test('when a directory was opened to others, then the next write closes it', async () => {
    const store = open();
    await store.save(plant, 'b25l');
    chmodSync(directory, 0o755);
    await store.select('plant');
    expect(modeOf(directory)).toBe('700');
  });

  test('when a file belongs to another user, then it is refused', async () => {
    await open().save(plant, 'b25l');
    const foreign = openProfileStore({ directory, clock: realClock, keychain: 'off', uid: (uid ?? 0) + 1 });
    expect(await codeOf(foreign.connect('plant'))).toBe('permission-denied');
  });

  test('when a symbolic link stands in the way, then it is neither read nor written through', async () => {
    const store = open();
    await store.save(plant, 'b25l');
    const outside = join(directory, '..', 'outside.json');
    writeFileSync(outside, '{}');
    symlinkSync(outside, profileFile('linked'));
    expect(await codeOf(store.get('linked'))).toBe('invalid-config');
    expect(await codeOf(store.save({ ...plant, name: 'linked' }, 'b25l', { replace: true }))).toBe('invalid-config');
    symlinkSync(outside, join(directory, 'settings.json'));
    expect(await codeOf(store.select('plant'))).toBe('invalid-config');
    expect(readFileSync(outside, 'utf8')).toBe('{}');
    expect(readdirSync(join(directory, 'secrets'))).toHaveLength(1);
  });
});

describe('files that cannot be understood', () => {
  const broken = [
    '{oops',
    '[]',
    '{"version":99}',
    '{"kind":"local"}',
    '',
    '{"version":1,"kind":"moon"}',
    '\u0000\u0001',
  ];

  test.each(broken)('when a profile file holds %j, then it is named and left as it is', async (text) => {
    mkdirSync(join(directory, 'profiles'), { recursive: true, mode: 0o700 });
    writeFileSync(profileFile('plant'), text, { mode: 0o600 });
    const store = open();
    const uses = [
      async () => store.get('plant'),
      async () => store.list(),
      async () => store.connect('plant'),
      async () => store.save(plant, 'b25l', { replace: true }),
      async () => store.remove('plant'),
    ];
    for (const use of uses) await expect(use()).rejects.toThrow(profileFile('plant'));
    expect(readFileSync(profileFile('plant'), 'utf8')).toBe(text);
  });

  test('when the settings are broken, then selecting does not overwrite them', async () => {
    const store = open();
    await store.save(plant, 'b25l');
    writeFileSync(join(directory, 'settings.json'), '{oops', { mode: 0o600 });
    expect(await codeOf(store.select('plant'))).toBe('invalid-config');
    expect(await codeOf(store.selected())).toBe('invalid-config');
    expect(readFileSync(join(directory, 'settings.json'), 'utf8')).toBe('{oops');
  });

  test('when the disk refuses the profile, then its key does not stay behind', async () => {
    const store = open();
    await store.save(plant, 'b25l');
    mkdirSync(profileFile('other'), { mode: 0o700 });
    expect(await codeOf(store.save({ ...plant, name: 'other' }, 'dHdv'))).not.toBe('no failure');
    expect(readdirSync(join(directory, 'secrets'))).toHaveLength(1);
  });
});

describe('several processes', () => {
  test('when they add different profiles at once, then none is lost', async () => {
    const results = await Promise.all(
      ['a', 'b', 'c', 'd'].map(async (name) => runWriter([directory, name, '5', String(0o022)])),
    );
    expect(results).toEqual([0, 0, 0, 0]);
    expect(await open().list()).toHaveLength(20);
  }, 30_000);

  test('when they replace the same profile at once, then it is one of theirs, with its own key', async () => {
    const results = await Promise.all(
      ['a', 'b', 'c', 'd'].map(async (name) => runWriter([directory, name, '5', String(0o022), 'same'])),
    );
    expect(results).toEqual([0, 0, 0, 0]);
    const connection = await open().connect('same');
    expect(connection).toMatchObject({ sharedAccessKey: Buffer.from(connection.hostName).toString('base64') });
  }, 30_000);
});

test('when the configuration is inspected, then problems are found and nothing is changed', async () => {
  const store = open();
  await store.save(plant, 'b25l');
  await store.select('plant');
  expect(await inspectConfiguration(directory, uid)).toMatchObject({ exists: true, files: 3, problems: [] });
  writeFileSync(profileFile('bad'), '{oops', { mode: 0o600 });
  if (uid !== undefined) chmodSync(keyFile(), 0o644);
  const { problems } = await inspectConfiguration(directory, uid);
  expect(problems.map(({ kind }) => kind).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(
    uid === undefined ? ['unreadable'] : ['open', 'unreadable'],
  );
  if (uid !== undefined) expect(modeOf(keyFile())).toBe('644');
  expect(await inspectConfiguration(join(directory, 'nothing'), uid)).toMatchObject({ exists: false, problems: [] });
});

async function runWriter(args: readonly string[]): Promise<number | null> {
  const child = fork(new URL('./write-profiles.ts', import.meta.url), args, { stdio: 'inherit' });
  return new Promise((resolve) => child.on('exit', resolve));
}

describe('a profile of Entra ID', () => {
  const entra = {
    name: 'signed-in',
    kind: 'cloud',
    auth: 'entra',
    hostName: 'plant.azure-devices.net',
    credential: 'cli',
    tenantId: 'contoso.example',
    tier: 'S2',
    units: 3,
    consumerGroup: 'operators',
    amqpWebSockets: 'always',
    amqpUrl: 'amqps://plant.example:5671',
  } as const;

  test('when it has no secret, then none is stored and it connects all the same', async () => {
    const store = open();
    expect(await store.save(entra, undefined)).toEqual({ secret: undefined });
    expect(await store.get('signed-in')).toEqual(entra);
    expect(await store.connect('signed-in')).toEqual({ ...entra, source: 'profile' });
    expect(readdirSync(directory)).not.toContain('secrets');
  });

  test('when it has the connection string of the endpoint of telemetry, then that is a secret', async () => {
    const store = open();
    const eventHubConnectionString = 'Endpoint=sb://x/;SharedAccessKeyName=s;SharedAccessKey=a2V5;EntityPath=e';
    await store.save(entra, eventHubConnectionString);
    expect(await store.connect('signed-in')).toEqual({ ...entra, eventHubConnectionString, source: 'profile' });
    expect(readFileSync(join(directory, 'profiles/signed-in.json'), 'utf8')).not.toContain('a2V5');
    await store.save(entra, undefined, { replace: true });
    expect(await store.connect('signed-in')).not.toHaveProperty('eventHubConnectionString');
    expect(readdirSync(join(directory, 'secrets'))).toEqual([]);
  });

  test.each([
    ['"auth": "magic"', '"auth" must be "key" or "entra"'],
    ['"auth": "entra", "credential": "guess"', '"credential" must be one of'],
    ['"auth": "entra", "units": 0', '"units" must be a whole number from 1'],
    ['"auth": "entra", "units": "3"', '"units" must be a whole number from 1'],
    ['"auth": "entra", "tier": "S9"', '"tier" must be one of F1, B1'],
    ['"auth": "entra", "amqpWebSockets": true', '"amqpWebSockets" must be one of auto, always, never'],
    ['"auth": "entra", "tenantId": 7', '"tenantId" must be a text'],
    ['"auth": "key", "sharedAccessKeyName": "o"', '"secret" is missing'],
  ])('when the file says %s, then the failure names the member', async (members, problem) => {
    const store = open();
    await store.save(entra, undefined);
    writeFileSync(join(directory, 'profiles/signed-in.json'), `{"version":1,"kind":"cloud","hostName":"h",${members}}`);
    await expect(store.get('signed-in')).rejects.toThrow(problem);
  });

  test('when a file is older than Entra ID, then it is one with a key', async () => {
    const store = open();
    await store.save(plant, 'b25l');
    const file = join(directory, 'profiles/plant.json');
    const { auth: _, ...old } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify(old));
    expect(await store.connect('plant')).toMatchObject({ auth: 'key', sharedAccessKey: 'b25l' });
  });
});
