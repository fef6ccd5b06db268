import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Installer } from '../../../src/device/firmware/index.ts';
import {
  openFirmware,
  type FirmwareOptions,
  type FirmwareParts,
} from '../../../src/device/firmware/files/open-firmware.ts';
import type { Report } from '../../../src/protocol/firmware/index.ts';
import type { JsonObject } from '../../../src/std/json.ts';
import { realClock } from '../../support/real-clock.ts';
import { startFileServer, type FileServer } from './file-server.ts';
import { deadlines, imageOf, newKey, offerOf, oldImage, sha256, trustOf } from './memory-device.ts';

const key = newKey();
const image = imageOf('new', 50_000);
let root: string;
let directory: string;
let server: FileServer;
let reports: Report[];
const open: Installer[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'iotctl-firmware-'));
  directory = join(root, 'firmware');
  await writeFile(join(root, 'old.bin'), oldImage);
  server = await startFileServer(image);
  reports = [];
});
afterEach(async () => {
  for (const installer of open.splice(0)) await installer.stop();
  await server.close();
  await rm(root, { recursive: true, force: true });
});

const first: FirmwareOptions['first'] = { version: '1.0.0', hardware: 'pump-v2', trust: trustOf([key]) };

async function start(options: Partial<FirmwareOptions> = {}, parts: Partial<FirmwareParts> = {}): Promise<Installer> {
  const installer = await openFirmware(
    { directory, first: { ...first, image: join(root, 'old.bin') }, ...options },
    {
      clock: realClock,
      random: () => 0,
      environment: { PATH: '/usr/bin:/bin', HOME: '/nowhere' },
      isConnected: () => true,
      report: (report) => reports.push(report),
      delivered: () => Promise.resolve(),
      onTrouble: () => undefined,
      limits: { pauseMs: 10, ...parts.limits },
      ...parts,
    },
  );
  open.push(installer);
  return installer;
}

async function restart(installer: Installer): Promise<void> {
  await installer.stop();
  open.splice(open.indexOf(installer), 1);
}

function offer(more: JsonObject = {}): JsonObject {
  return { ...offerOf(key, image), url: server.url, ...more };
}

async function update(installer: Installer, more: JsonObject = {}): Promise<string> {
  installer.desired(offer(more));
  await installer.settled();
  const { state, code } = reports.at(-1)!;
  return typeof code === 'string' ? `${state} ${code}` : state;
}

async function hook(name: string, text: string, mode = 0o700): Promise<void> {
  await mkdir(join(directory, 'hooks'), { recursive: true, mode: 0o700 });
  await writeFile(join(directory, 'hooks', name), `#!/bin/sh\n${text}\n`);
  await chmod(join(directory, 'hooks', name), mode);
}

describe('the first start', () => {
  test('copies what runs, and makes everything for its owner alone', async () => {
    await start();
    expect(reports).toMatchObject([{ state: 'idle', version: '1.0.0', digest: sha256(oldImage), hardware: 'pump-v2' }]);
    expect(await readlink(join(directory, 'current'))).toBe('slots/a');
    expect(await readFile(join(directory, 'current', 'image'))).toEqual(oldImage);
    for (const name of ['.', 'slots', 'slots/a', 'slots/b', 'download', 'hooks', 'slots/a/image'])
      expect((await stat(join(directory, name))).mode & 0o777, name).toBe(0o700);
    for (const name of ['state.json', 'trust.json', 'device.json', 'lock'])
      expect((await stat(join(directory, name))).mode & 0o777, name).toBe(0o600);
  });

  test.each(['version', 'image', 'hardware', 'trust'])('names what is missing: %s', async (name) => {
    const given = { ...first, image: join(root, 'old.bin'), [name]: undefined };
    await expect(start({ first: given })).rejects.toMatchObject({ code: 'usage' });
    expect(await readdir(directory)).not.toContain('state.json');
  });

  test.each([
    ['a version that is none', { version: 'v1' }, 'invalid-value'],
    ['hardware that is none', { hardware: 'a b' }, 'invalid-value'],
    ['a file that is not there', { image: '/nowhere/at/all' }, 'file-not-found'],
  ])('refuses %s', async (_, change, code) => {
    const given = { ...first, image: join(root, 'old.bin'), ...change };
    await expect(start({ first: given })).rejects.toMatchObject({ code });
  });

  test('that was interrupted begins anew', async () => {
    await restart(await start());
    await rm(join(directory, 'state.json'));
    await writeFile(join(directory, '.state.json.0123456789ab.tmp'), 'torn');
    await start();
    expect(await readdir(directory)).not.toContain('.state.json.0123456789ab.tmp');
    expect(reports.at(-1)).toMatchObject({ state: 'idle', version: '1.0.0' });
  });
});

describe('a later start', () => {
  test('needs nothing but the directory, and reports with a higher number', async () => {
    const installer = await start();
    expect(await update(installer)).toBe('confirmed');
    await restart(installer);
    await start({ first: {} });
    expect(reports.at(-1)).toMatchObject({ state: 'confirmed', version: '2.0.0', digest: sha256(image) });
    expect(reports.at(-1)!.seq).toBeGreaterThan(reports.at(-2)!.seq);
  });

  test('tells the digest of what lies in the slot, whatever it was', async () => {
    await restart(await start());
    await writeFile(join(directory, 'slots/a/image'), 'tampered');
    await start({ first: {} });
    expect(reports.at(-1)).toMatchObject({ digest: sha256(Buffer.from('tampered')) });
  });

  test('refuses other hardware', async () => {
    await restart(await start());
    await expect(start({ first: { hardware: 'valve-v1' } })).rejects.toMatchObject({ code: 'conflict' });
  });

  test('refuses a directory that another agent uses', async () => {
    await start();
    await expect(start()).rejects.toMatchObject({ code: 'conflict' });
  });

  test.each(['state.json', 'trust.json'])('refuses a %s that cannot be read, and leaves it', async (name) => {
    await restart(await start());
    await writeFile(join(directory, name), '{"format": 9');
    await expect(start({ first: {} })).rejects.toMatchObject({ code: 'invalid-config' });
    expect(await readFile(join(directory, name), 'utf8')).toBe('{"format": 9');
  });

  test.each(['state.json', 'trust.json', 'device.json'])('refuses a link in place of %s', async (name) => {
    await restart(await start());
    const text = await readFile(join(directory, name), 'utf8');
    await writeFile(join(root, 'elsewhere'), text);
    await rm(join(directory, name));
    await symlink(join(root, 'elsewhere'), join(directory, name));
    await expect(start({ first: {} })).rejects.toMatchObject({ code: 'invalid-config' });
    expect(await readFile(join(root, 'elsewhere'), 'utf8')).toBe(text);
  });

  test('refuses a directory that others may change', async () => {
    await restart(await start());
    await chmod(join(directory, 'slots'), 0o777);
    await expect(start({ first: {} })).rejects.toMatchObject({ code: 'permission-denied' });
  });

  test('refuses a link that leads elsewhere', async () => {
    await restart(await start());
    await rm(join(directory, 'current'));
    await symlink('/etc', join(directory, 'current'));
    await expect(start({ first: {} })).rejects.toMatchObject({ code: 'invalid-config' });
  });
});

describe('hooks', () => {
  test('are told what they are about, and nothing else', async () => {
    await hook('activate', `env > "${root}/activate.$IOTCTL_FIRMWARE_REASON"; echo "$#" >> "${root}/words"`);
    await hook('self-test', `env > "${root}/self-test"; exit 3`);
    const installer = await start();
    expect(await update(installer)).toBe('reverted self-test-failed');
    const variables = Object.fromEntries(
      (await readFile(join(root, 'activate.update'), 'utf8'))
        .split('\n')
        .map((line) => line.split(/=(.*)/s).slice(0, 2)),
    ) as Record<string, string>;
    expect(variables).toMatchObject({
      IOTCTL_FIRMWARE_DIR: directory,
      IOTCTL_FIRMWARE_SLOT: 'b',
      IOTCTL_FIRMWARE_IMAGE: join(directory, 'slots/b/image'),
      IOTCTL_FIRMWARE_VERSION: '2.0.0',
      IOTCTL_FIRMWARE_DIGEST: sha256(image),
      IOTCTL_FIRMWARE_PREVIOUS: 'a',
      IOTCTL_FIRMWARE_PREVIOUS_IMAGE: join(directory, 'slots/a/image'),
      IOTCTL_FIRMWARE_HARDWARE: 'pump-v2',
      IOTCTL_FIRMWARE_CONNECTED: '1',
      HOME: '/nowhere',
    });
    expect(await readFile(join(root, 'activate.revert'), 'utf8')).toContain('IOTCTL_FIRMWARE_SLOT=a\n');
    expect(await readFile(join(root, 'words'), 'utf8')).toBe('0\n0\n');
    expect(await readlink(join(directory, 'current'))).toBe('slots/a');
    expect(reports.at(-1)).toMatchObject({
      version: '1.0.0',
      digest: sha256(oldImage),
      message: 'the hook self-test: it ended with 3',
    });
  });

  test('see the link point to the slot already', async () => {
    await hook('activate', `readlink "$IOTCTL_FIRMWARE_DIR/current" > "${root}/link"`);
    expect(await update(await start())).toBe('confirmed');
    expect(await readFile(join(root, 'link'), 'utf8')).toBe('slots/b\n');
  });

  test('that fail make the machine go back, and their last words are told in one clean line', async () => {
    await hook(
      'activate',
      'test "$IOTCTL_FIRMWARE_REASON" = revert && exit 0\nprintf "no \\033[31mroom\\n\\tleft\\r\\n" >&2; exit 4',
    );
    expect(await update(await start())).toBe('failed install-failed');
    expect(reports.at(-1)!.message).toBe('the hook activate: it ended with 4: no [31mroom left');
  });

  test('that talk without an end are cut short', async () => {
    await hook(
      'activate',
      'test "$IOTCTL_FIRMWARE_REASON" = revert && exit 0\nhead -c 3000000 /dev/zero | tr "\\0" x; exit 4',
    );
    expect(await update(await start())).toBe('failed install-failed');
    expect(reports.at(-1)!.message!.length).toBeLessThan(300);
  });

  test('that take too long are ended with all they have started', async () => {
    await hook(
      'activate',
      `test "$IOTCTL_FIRMWARE_REASON" = revert && exit 0\nsh -c 'echo $$ > "${root}/pid"; exec sleep 600' & wait`,
    );
    expect(await update(await start(), { deadlines: { ...deadlines, reboot: 1 } })).toBe('failed install-failed');
    expect(reports.at(-1)!.message).toContain('longer than 1 s');
    const pid = (await readFile(join(root, 'pid'), 'utf8')).trim();
    // Gone, or dead and not yet buried by the system.
    expect(spawnSync('ps', ['-o', 'stat=', '-p', pid]).stdout.toString().trim()).toMatch(/^(?:Z.*)?$/);
  });

  test('may leave a program running', async () => {
    await hook('activate', `sleep 600 & echo $! > "${root}/pid"`);
    expect(await update(await start())).toBe('confirmed');
    process.kill(Number(await readFile(join(root, 'pid'), 'utf8')));
  });

  test('ask for another look until they know', async () => {
    await hook('self-test', `test -e "${root}/again" && exit 0\ntouch "${root}/again"; exit 75`);
    expect(await update(await start())).toBe('confirmed');
  });

  test('put an update off', async () => {
    await hook('defer', `test -e "${root}/asked" && exit 0\ntouch "${root}/asked"; echo 1 the pump runs; exit 1`);
    expect(await update(await start())).toBe('confirmed');
    expect(reports.find(({ state }) => state === 'deferred')).toMatchObject({ message: 'the pump runs' });
  });

  test.each(['activate', 'defer'])('that others may change are not run: %s', async (name) => {
    await hook(name, `touch "${root}/ran"`, 0o722);
    expect(await update(await start())).toBe('failed install-failed');
    expect(await readdir(root)).not.toContain('ran');
  });

  test('say that the machine restarts, and the next start goes on', async () => {
    await hook('activate', 'exit 10');
    const installer = await start();
    installer.desired(offer());
    while (installer.state.job?.restarting !== true) await new Promise((resolve) => setTimeout(resolve, 5));
    await restart(installer);
    const second = await start({ first: {} });
    await second.settled();
    expect(reports.slice(-2).map(({ state }) => state)).toEqual(['trial', 'confirmed']);
    expect(await readlink(join(directory, 'current'))).toBe('slots/b');
  });

  test('say which slot runs, for a boot loader that falls back by itself', async () => {
    await hook('running', 'echo a');
    expect(await update(await start())).toBe('reverted old-digest');
    expect(await readlink(join(directory, 'current'))).toBe('slots/a');
  });

  test('are told of a confirmation before it counts', async () => {
    await hook('confirm', `echo "$IOTCTL_FIRMWARE_SLOT" > "${root}/confirmed"`);
    expect(await update(await start())).toBe('confirmed');
    expect(await readFile(join(root, 'confirmed'), 'utf8')).toBe('b\n');
  });
});

test('a program named by a flag activates instead of the hook', async () => {
  const program = join(root, 'program');
  await writeFile(program, `#!/bin/sh\ntouch "${root}/ran"\n`);
  await chmod(program, 0o700);
  await hook('activate', 'exit 9');
  expect(await update(await start({ activate: program }))).toBe('confirmed');
  expect(await readdir(root)).toContain('ran');
});
