import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadCertificates } from '../../../src/hub/tls/index.ts';

const day = 86_400_000;
const names = ['localhost'];
let root: string;
let first: string;
let second: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'iotctl-authority-'));
  [first, second] = [join(root, 'first'), join(root, 'second')];
  await loadCertificates(first, names, Date.now());
  await loadCertificates(second, names, Date.now());
});

afterAll(() => rm(root, { recursive: true, force: true }));

function mixed(name: string): string {
  const directory = join(root, name);
  cpSync(first, directory, { recursive: true });
  cpSync(join(second, 'ca.key'), join(directory, 'ca.key'));
  return directory;
}

test('when the key of the authority is another, then nothing is made in its place: devices trust the one there is', async () => {
  const directory = mixed('other-key');
  const before = await readFile(join(directory, 'ca.pem'), 'utf8');
  await expect(loadCertificates(directory, names, Date.now())).rejects.toMatchObject({ code: 'invalid-config' });
  expect(await readFile(join(directory, 'ca.pem'), 'utf8')).toBe(before);
});

test('when the key of the authority is gone, then nothing is made in its place either', async () => {
  const directory = mixed('no-key');
  await rm(join(directory, 'ca.key'));
  await expect(loadCertificates(directory, names, Date.now())).rejects.toMatchObject({ code: 'invalid-config' });
});

test('when a start was cut short while the authority was renewed, then the next one renews it', async () => {
  const directory = mixed('cut-short');
  const later = Date.now() + 100 * 365 * day;
  await loadCertificates(directory, names, later);
  expect(await readFile(join(directory, 'ca.pem'), 'utf8')).not.toBe(await readFile(join(first, 'ca.pem'), 'utf8'));
});
