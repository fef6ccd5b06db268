import { chmod, lstat, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createSandbox, type Sandbox } from '../harness/sandbox.ts';
import { freePorts } from './support/hub-box.ts';
import { privateMounts } from './support/mount.ts';
import { expectOneError } from './support/one-error.ts';

const key = Buffer.alloc(32, 3).toString('base64');
const input = `HostName=plant.example;SharedAccessKeyName=service;SharedAccessKey=${key}`;
const commands = [
  'device list',
  'profile add other',
  'profile use plant',
  'profile show plant',
  'profile remove plant --yes',
];

/** Every file of the configuration with its bytes and mode. */
async function snapshot(directory: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const name of await readdir(directory, { recursive: true })) {
    const path = join(directory, name);
    const stats = await lstat(path);
    const content = stats.isFile() ? (await readFile(path)).toString('base64') : '';
    files[name] = `${(stats.mode & 0o777).toString(8)} ${content}`;
  }
  return files;
}

describe('configuration that cannot be used', () => {
  let box: Sandbox;
  let config: string;
  beforeEach(async () => {
    box = await createSandbox();
    config = box.env['IOTCTL_CONFIG_DIR'] ?? '';
    expect(await box.run(['profile', 'add', 'plant'], { input })).toMatchObject({ code: 0 });
  });
  afterEach(() => box.remove());

  test.each([
    ['settings that are no JSON', 'settings.json', '{"version": 1, "selected'],
    ['settings of a newer version', 'settings.json', '{"version": 99, "selectedProfile": "plant"}'],
    ['a profile of random bytes', 'profiles/plant.json', '\u0000\u0007\u001b[31m'],
    ['an empty profile', 'profiles/plant.json', ''],
  ])('%s: told with the file, and left byte for byte', async (_, file, content) => {
    await writeFile(join(config, file), content);
    const before = await snapshot(config);
    for (const line of commands) {
      if (line === 'profile add other' && file !== 'settings.json') continue;
      const result = await box.run(line.split(' '), { input });
      expectOneError(result, { code: 2, error: `${join(config, file)} cannot be used` });
      expect(result.stderr).toContain('it was left as it is');
      expect(await snapshot(config)).toEqual(before);
    }
    const doctor = await box.run(['doctor']);
    expect(doctor).toMatchObject({ code: 1, stdout: expect.stringMatching(/^configuration +failed/m) });
    expect(await snapshot(config)).toEqual(before);
  });

  test('a symbolic link in the place of a file is neither read nor written through', async () => {
    const precious = join(box.directory, 'precious');
    await writeFile(precious, '{"version": 1}', { mode: 0o600 });
    await chmod(join(config, 'settings.json'), 0o600);
    await box.shell('mv config/settings.json config/profiles/plant.json .; ln -s ../precious config/settings.json');
    const result = await box.run(['profile', 'add', 'plant'], { input });
    expectOneError(result, { code: 2, error: 'settings.json is a symbolic link' });
    expect(await readFile(precious, 'utf8')).toBe('{"version": 1}');
    expect((await lstat(join(config, 'settings.json'))).isSymbolicLink()).toBe(true);
  });

  test('a file that others may read is tightened before it is read, and that is said', async () => {
    await chmod(join(config, 'profiles/plant.json'), 0o644);
    const result = await box.run(['profile', 'show', 'plant', '-o', 'json']);
    expect(result).toMatchObject({ code: 0, stderr: expect.stringContaining('plant.json was open to other users') });
    expect((await lstat(join(config, 'profiles/plant.json'))).mode & 0o777).toBe(0o600);
  });

  test('a directory where a file is expected', async () => {
    await box.shell('rm config/settings.json && mkdir config/settings.json');
    expectOneError(await box.run(['device', 'list']), { code: 2, error: 'settings.json is not a file' });
    expect((await lstat(join(config, 'settings.json'))).isDirectory()).toBe(true);
  });

  test('a key that is gone', async () => {
    await box.shell('rm config/secrets/*');
    const result = await box.run(['device', 'list']);
    expectOneError(result, { code: 2, error: 'the key of profile plant is gone' });
    expect(result.stderr).toContain('hint: iotctl profile add plant --replace');
  });
});

const mounts = privateMounts();

describe.skipIf(mounts === undefined)('a configuration directory that cannot be written', () => {
  let box: Sandbox;
  beforeAll(async () => {
    box = await createSandbox();
    await box.run(['profile', 'add', 'plant'], { input });
  });
  afterAll(() => box.remove());

  const inside = (mount: string, line: string): ReturnType<Sandbox['shell']> =>
    box.shell(
      `export -f iotctl; ${mounts?.join(' ') ?? ''} bash -c '${mount} && printf %s "${input}" | iotctl ${line}'`,
    );
  const readOnly = 'mount --bind config config && mount -o remount,ro,bind config';
  const full =
    'cp -r config copy && mount -t tmpfs -o size=64k,mode=700 tmpfs config && cp -r copy/. config && chmod 700 config/* && { head -c 1M /dev/zero > config/filler 2>/dev/null || true; }';

  test.each([
    [readOnly, 'profile add other', 4, /read-only/],
    [readOnly, 'profile remove plant --yes', 4, /read-only/],
    [full, 'profile add other', 1, /no space left on the device/],
  ])('%s: %s', async (mount, line, code, error) => {
    const before = await snapshot(join(box.directory, 'config'));
    expectOneError(await inside(mount, line), { code, error });
    expect(await snapshot(join(box.directory, 'config'))).toEqual(before);
  });

  test('can still be read', async () => {
    expect(await inside(readOnly, 'profile list -o name')).toMatchObject({ code: 0, stdout: 'plant\n', stderr: '' });
  });
});

describe('a hub in the background', () => {
  let box: Sandbox;
  let file: string;
  beforeEach(async () => {
    box = await createSandbox();
    file = join(box.env['IOTCTL_CONFIG_DIR'] ?? '', 'profiles/local.json');
    await box.run(['profile', 'add', 'local'], { input });
  });
  afterEach(() => box.remove());

  const start = async (): Promise<string> => {
    const before = await readFile(file, 'utf8');
    const { code, stderr } = await box.run(['hub', 'start', '--detach', ...freePorts]);
    await box.run(['hub', 'stop']);
    expect({ code, after: await readFile(file, 'utf8') }).toEqual({ code: 0, after: before });
    return stderr;
  };

  test('when the profile local belongs to another hub, then that is told here, and it stays', async () => {
    expect(await start()).toContain('the profile "local" belongs to another hub and is left alone');
  });

  test('when the profile local cannot be read, then that is told here, and it stays', async () => {
    await writeFile(file, '{"version": 1, "ki');
    expect(await start()).toContain('the profile "local" could not be kept: ');
  });
});

describe('what is written under an umask that hides nothing', () => {
  test('is for its owner alone: files 0600, directories 0700', async () => {
    const box = await createSandbox();
    const script = [
      'umask 000',
      `printf %s '${input}' | iotctl profile add plant`,
      `iotctl hub start --detach ${freePorts.join(' ')} --ready-file ready.json`,
      'iotctl profile use local',
      'iotctl provision one --out keys.csv',
      'iotctl agent --once',
      'iotctl __complete device >/dev/null',
      'true',
    ];
    const { stderr, code } = await box.shell(script.join('\n'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('error:') });
    const loose: string[] = [];
    for (const name of await readdir(box.directory, { recursive: true })) {
      // Node makes what is below; nobody else gets past the directory itself.
      if (name.startsWith('cache/compile/')) continue;
      const stats = await lstat(join(box.directory, name));
      // What is public is public: the certificates, and never a key.
      const expected = stats.isDirectory() ? 0o700 : name.endsWith('.pem') ? 0o644 : 0o600;
      if ((stats.mode & 0o777) !== expected) loose.push(`${(stats.mode & 0o777).toString(8)} ${name}`);
    }
    await box.run(['hub', 'stop']);
    await box.remove();
    expect(loose).toEqual([]);
  });
});
