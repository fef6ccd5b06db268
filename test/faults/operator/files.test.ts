import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmod, chown, link, lstat, mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openProfileStore } from '../../../src/config/profile-store.ts';
import { writeFileAtomic } from '../../../src/std/atomic-file.ts';
import { createSandbox, launcher, type Sandbox } from '../../e2e/harness/sandbox.ts';
import { realClock } from '../../support/real-clock.ts';
import { report } from '../support/report.ts';
import { atScale } from '../support/scale.ts';
import { runHere } from './support/run-here.ts';

const key = Buffer.alloc(32, 8).toString('base64');
const isRoot = process.getuid?.() === 0;

let box: Sandbox;
const path = (name: string): string => join(box.directory, name);
const modeOf = async (name: string): Promise<string> => ((await stat(path(name))).mode & 0o777).toString(8);
const add = (name: string): ReturnType<typeof runHere> =>
  runHere(box, `profile add ${name} --connection-string-file {dir}/cs.txt`);

beforeEach(async () => {
  box = await createSandbox();
  await writeFile(path('cs.txt'), `HostName=a.example;SharedAccessKeyName=service;SharedAccessKey=${key}`);
});
afterEach(() => box.remove());

describe('C-41: what is private is so from its first moment on', () => {
  test('whatever the umask', async () => {
    for (const umask of atScale({ smoke: ['000'], full: ['000', '022', '077'] })) {
      const script = `umask ${umask}; export IOTCTL_CONFIG_DIR=c${umask}; iotctl profile add a --connection-string-file cs.txt && iotctl firmware keygen k${umask}`;
      expect((await box.shell(script)).code).toBe(0);
      const secret = execFileSync('ls', [path(`c${umask}/secrets`)], { encoding: 'utf8' }).trim();
      const modes = await Promise.all(
        [
          `c${umask}`,
          `c${umask}/profiles`,
          `c${umask}/secrets`,
          `c${umask}/profiles/a.json`,
          `c${umask}/secrets/${secret}`,
          `k${umask}.key`,
        ].map(modeOf),
      );
      expect([umask, ...modes]).toEqual([umask, '700', '700', '700', '600', '600', '600']);
    }
  });

  test('a file that others may read is tightened or refused, with a word', async () => {
    expect((await add('a')).code).toBe(0);
    for (const [name, mode] of [
      ['config/profiles/a.json', 0o666],
      ['config', 0o777],
    ] as const) {
      await chmod(path(name), mode);
      const { code, stderr } = await runHere(box, 'profile show a');
      const tightened = ((await stat(path(name))).mode & 0o077) === 0;
      expect([name, code !== 0 || (tightened && stderr !== '')]).toEqual([name, true]);
      await chmod(path(name), name === 'config' ? 0o700 : 0o600);
    }
  });

  test.skipIf(!isRoot)('a file of somebody else is not believed', async () => {
    expect((await add('a')).code).toBe(0);
    await chown(path('config/profiles/a.json'), 65_534, 65_534);
    const { code, stderr } = await runHere(box, 'profile show a');
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/belongs to|owner|another user|not yours/i);
  });

  test('a program that is killed in the midst of writing leaves the old content or the new', async () => {
    const kills = atScale({ smoke: 3, full: 300 });
    await writeFile(
      path('writer.mjs'),
      `
      import { writeFileAtomic } from ${JSON.stringify(new URL('../../../src/std/atomic-file.ts', import.meta.url).href)};
      for (let n = 0; ; n++) { await writeFileAtomic(process.argv[2], String(n % 10).repeat(200000), 0o600); process.stdout.write('.'); }
    `,
    );
    const mixed: string[] = [];
    for (let kill = 0; kill < kills; kill++) {
      const child = spawn(process.execPath, [path('writer.mjs'), path('target')], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      await new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
      await new Promise((resolve) => setTimeout(resolve, kill % 7));
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('close', resolve));
      const text = await readFile(path('target'), 'utf8');
      if (text.length !== 200_000 || text !== (text[0] ?? '').repeat(200_000)) mixed.push(text.slice(0, 20));
      expect(await modeOf('target')).toBe('600');
    }
    report('C-41', { kills, mixed: mixed.length });
    expect(mixed).toEqual([]);
  });
});

describe('C-43: where a key is kept is said', () => {
  test('before it goes into a file because no keychain works, and afterwards by profile show', async () => {
    const notes: string[] = [];
    const broken = {
      get: () => Promise.reject(new Error('locked')),
      set: () => Promise.reject(new Error('locked')),
      remove: async () => undefined,
    };
    const store = openProfileStore({
      directory: path('locked'),
      clock: realClock,
      keychain: broken,
      onNote: (text) => notes.push(text),
    });
    const profile = {
      name: 'a',
      kind: 'cloud',
      auth: 'key',
      hostName: 'a.example',
      sharedAccessKeyName: 'service',
    } as unknown as Parameters<typeof store.save>[0];
    expect(await store.save(profile, key)).toEqual({ secret: 'file' });
    expect(notes).toEqual([expect.stringContaining('in a file only you can read')]);
    expect(await store.placeOfSecret('a')).toBe('file');
    expect((await add('b')).code).toBe(0);
    expect((await runHere(box, 'profile show b')).stdout).toMatch(/Key kept in: +a file, in plain text/);
  });
});

/** Files that a command writes: the words, and the file's name. */
const writers: readonly (readonly [line: string, file: string])[] = [
  ['firmware keygen out --out {dir}', 'out.key'],
  ['firmware keygen out --out {dir}', 'out.trust.json'],
  ['certificate issue out --authority --directory {dir}', 'out.key'],
  ['certificate issue out --authority --directory {dir}', 'out.pem'],
  ['firmware sign {dir}/in.bin a@1.0.0 --hardware h --key {dir}/made.key --out {dir}/out.json', 'out.json'],
  ['profile add out --connection-string-file {dir}/cs.txt', 'config/profiles/out.json'],
];
/** Files that a command reads. */
const readers: readonly (readonly [line: string, file: string])[] = [
  ['profile show a', 'config/profiles/a.json'],
  ['device list', 'config/settings.json'],
  ['provision --from {dir}/in --dry-run', 'in'],
  ['firmware verify {dir}/in', 'in'],
  ['device import {dir}/in --dry-run', 'in'],
  ['hub restore {dir}/in --data {dir}/restored', 'in'],
  ['configuration plan {dir}/in', 'in'],
  ['sas decode {dir}/in', 'in'],
  ['rollout create {dir}/in --yes', 'in'],
  ['certificate add c {dir}/in', 'in'],
];

describe('C-44: no link leads a command astray, and no pipe holds it up', () => {
  beforeEach(async () => {
    await writeFile(path('in.bin'), 'firmware');
    await runHere(box, 'firmware keygen made --out {dir}');
    await mkdir(path('config/profiles'), { recursive: true, mode: 0o700 });
    await chmod(path('config'), 0o700);
  });

  test('a file of somebody else behind a link is never written', async () => {
    const touched: string[] = [];
    for (const [line, file] of writers)
      for (const make of [symlink, link]) {
        await writeFile(path('victim'), 'as it was');
        await rm(path(file), { force: true });
        await make(path('victim'), path(file));
        await runHere(box, line);
        if ((await readFile(path('victim'), 'utf8')) !== 'as it was') touched.push(`${line} by ${make.name}`);
        await rm(path(file), { force: true });
        for (const rest of ['out.key', 'out.pem', 'out.trust.json', 'out.json', 'config/profiles/out.json'])
          await rm(path(rest), { force: true });
      }
    report('C-44', { writers: writers.length * 2, touched: touched.length });
    expect(touched).toEqual([]);
  });

  test('a pipe that nobody writes to ends a command instead of holding it', async () => {
    const held: string[] = [];
    for (const [line, file] of atScale({ smoke: readers.slice(0, 2), full: readers })) {
      await rm(path(file), { force: true });
      spawnSync('mkfifo', [path(file)]);
      const words = line.replaceAll('{dir}', box.directory).split(' ');
      const child = spawn(process.execPath, [launcher, ...words], { env: { ...box.env }, stdio: 'ignore' });
      const ended = await Promise.race([
        new Promise<true>((resolve) => child.once('close', () => resolve(true))),
        new Promise<false>((resolve) => setTimeout(() => resolve(false), 6_000).unref()),
      ]);
      if (!ended) held.push(line);
      child.kill('SIGKILL');
      // A read that waits for the pipe ends with the process alone.
      await rm(path(file), { force: true });
    }
    report('C-44', { pipes: atScale({ smoke: 2, full: readers.length }), held: held.length });
    expect(held).toEqual([]);
  });

  test('a swap between a look and a write changes nothing of others', async () => {
    const swaps = atScale({ smoke: 50, full: 10_000 });
    await writeFile(path('victim'), 'as it was');
    const stop = new AbortController();
    const swapping = (async (): Promise<void> => {
      while (!stop.signal.aborted) {
        await symlink(path('victim'), path('link')).catch(() => undefined);
        await rename(path('link'), path('swapped')).catch(() => undefined);
      }
    })();
    for (let n = 0; n < swaps; n++) await writeFileAtomic(path('swapped'), `content ${n}`, 0o600);
    stop.abort();
    await swapping;
    expect(await readFile(path('victim'), 'utf8')).toBe('as it was');
    expect((await lstat(path('victim'))).isFile()).toBe(true);
    report('C-44', { swaps });
  });
});
