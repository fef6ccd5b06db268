import { sign } from 'node:crypto';
import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPrivateKey, readTrustChain } from '../../../../src/fleet/firmware/index.ts';
import type { Hub } from '../../../../src/fleet/ports.ts';
import { readTrust } from '../../../../src/protocol/firmware/index.ts';
import { memoryArtifacts } from '../../../support/memory-artifacts.ts';
import { memoryHub } from '../../../support/memory-hub.ts';
import { memoryRecords } from '../../../support/memory-records.ts';
import { type as typeAt, type Ended } from '../../support/memory-rooms.ts';

let directory: string;
let hub: Hub & { records: ReturnType<typeof memoryRecords>; artifacts: ReturnType<typeof memoryArtifacts> };
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'iotctl-firmware-'));
  hub = { ...memoryHub(), records: memoryRecords(), artifacts: memoryArtifacts() };
  await writeFile(at('pump.bin'), 'image');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const at = (name: string): string => join(directory, name);

/** Types `firmware WORDS`; words with a leading ./ are files of the directory. */
function type(words: string, options: Parameters<typeof typeAt>[2] = {}): Promise<Ended> {
  const typed = words.split(' ').map((word) => (word.startsWith('./') ? at(word.slice(2)) : word));
  return typeAt(hub, ['firmware', ...typed], options);
}

/** Fails the test with what was said, when a command did not end well. */
async function did(words: string, options: Parameters<typeof typeAt>[2] = {}): Promise<Ended> {
  const ended = await type(words, options);
  expect(ended.code, ended.stderr).toBe(0);
  return ended;
}

/** A key, and a manifest of pump@2.0.0 by it. */
async function signPump(): Promise<void> {
  await did('keygen release --out .'.replace(' .', ` ${directory}`));
  await did('sign ./pump.bin pump@2.0.0 --hardware pump-v2 --key ./release.key --out ./pump.json');
}

describe('firmware keygen', () => {
  it('makes files that only the owner can read where it matters, and never again', async () => {
    const { stdout, stderr } = await did(`keygen release --out ${directory} -o json`);
    expect(JSON.parse(stdout)).toMatchObject({ privateKeyFile: at('release.key'), encrypted: false });
    expect(stderr).toContain('secret');
    expect(`${stdout}${stderr}`).not.toContain((await readFile(at('release.key'), 'utf8')).split('\n')[1]);
    const before = await readFile(at('release.key'), 'utf8');
    const again = await type(`keygen release --out ${directory}`);
    expect([again.code, await readFile(at('release.key'), 'utf8')]).toEqual([5, before]);
  });

  it('encrypts with the passphrase of the environment, which then opens it', async () => {
    const env = { IOTCTL_SIGNING_PASSPHRASE: 'open sesame' };
    await did(`keygen release --out ${directory}`, { env });
    expect(await readFile(at('release.key'), 'utf8')).toContain('ENCRYPTED');
    const words = 'sign ./pump.bin pump@2.0.0 --hardware pump-v2 --key ./release.key --out ./pump.json';
    const without = await type(words);
    expect([without.code, without.stderr]).toEqual([2, expect.stringContaining('IOTCTL_SIGNING_PASSPHRASE')]);
    const wrong = await type(words, { env: { IOTCTL_SIGNING_PASSPHRASE: 'open barley' } });
    expect([wrong.code, wrong.stderr]).toEqual([4, expect.not.stringContaining('barley')]);
    await did(words, { env });
  });
});

describe('firmware sign', () => {
  it('writes a manifest that verifies, with the day as release counter', async () => {
    await signPump();
    const { stdout } = await did('verify ./pump.json --file ./pump.bin --trust ./release.trust.json -o json');
    expect((JSON.parse(stdout) as { verdict: string }[]).map(({ verdict }) => verdict)).toEqual(Array(4).fill('ok'));
    const { manifest } = JSON.parse(await readFile(at('pump.json'), 'utf8')) as { manifest: Record<string, unknown> };
    expect(manifest).toMatchObject({ name: 'pump', version: '2.0.0', hardware: ['pump-v2'], size: 5 });
    expect(manifest['releaseCounter']).toBe(Math.floor(Date.parse(String(manifest['createdAt'])) / 86_400_000));
  });

  it('takes the key from standard input or the environment', async () => {
    await signPump();
    const key = await readFile(at('release.key'), 'utf8');
    const words = 'sign ./pump.bin pump@2.0.0 --hardware pump-v2 --created-at 2026-03-01T12:00:00Z --out';
    await did(`${words} ./one.json --key -`, { stdin: key });
    await did(`${words} ./two.json`, { env: { IOTCTL_SIGNING_KEY: key } });
    expect(await readFile(at('one.json'), 'utf8')).toBe(await readFile(at('two.json'), 'utf8'));
    const none = await type(`${words} ./three.json`);
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('IOTCTL_SIGNING_KEY')]);
  });

  it('warns of a key that others can read', async () => {
    await signPump();
    await chmod(at('release.key'), 0o644);
    const { stderr } = await did(
      'sign ./pump.bin pump@3.0.0 --hardware pump-v2 --key ./release.key --out ./three.json',
    );
    expect(stderr).toContain('chmod 600');
  });

  it('leaves a way back by the counter of another release', async () => {
    await signPump();
    const { stdout } = await did(
      'sign ./pump.bin pump@2.0.1 --hardware pump-v2 --back-to ./pump.json --min-version 2.0.0 --key ./release.key --out - -o json',
    );
    const { manifest } = JSON.parse(stdout) as { manifest: Record<string, unknown> };
    const before = JSON.parse(await readFile(at('pump.json'), 'utf8')) as { manifest: Record<string, unknown> };
    expect(manifest['releaseCounter']).toBe(before.manifest['releaseCounter']);
    expect(manifest['minVersion']).toBe('2.0.0');
  });

  it('lets a signer elsewhere sign', async () => {
    await signPump();
    await did('sign ./pump.bin pump@2.1.0 --hardware pump-v2 --payload ./payload');
    const key = openPrivateKey(await readFile(at('release.key'), 'utf8'), 'it');
    await writeFile(at('signature'), sign(null, await readFile(at('payload')), key));
    const words = 'sign ./pump.bin --payload ./payload --public-key ./release.pub --out ./signed.json';
    await did(`${words} --signature ./signature`);
    await did('verify ./signed.json --file ./pump.bin --public-key ./release.pub');
    await writeFile(at('pump.bin'), 'imagE');
    const other = await type(`${words.replace('signed', 'other')} --signature ./signature`);
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('is not the file')]);
  });

  it('signs a release again by another key', async () => {
    await signPump();
    await did(`keygen next --out ${directory}`);
    await did('sign ./pump.bin --resign ./pump.json --key ./next.key --out ./again.json');
    await did('verify ./again.json --public-key ./next.pub');
    const [one, two] = await Promise.all(['pump.json', 'again.json'].map((name) => readFile(at(name), 'utf8')));
    expect(JSON.parse(one ?? '')).toMatchObject({ manifest: (JSON.parse(two ?? '') as { manifest: object }).manifest });
  });

  it.each([
    ['sign ./pump.bin', 'name and version'],
    ['sign ./pump.bin pump@2.0.0', 'hardware'],
    ['sign ./pump.bin pump@2 --hardware a --key ./release.key', 'pump@2.0.0'],
    ['sign ./pump.bin pump@2.0.0 --hardware a --release-counter 1 --back-to x', 'exclude'],
    ['sign ./pump.bin pump@2.0.0 --resign ./pump.json', 'leave out'],
    ['sign ./pump.bin --signature ./pump.bin', '--payload'],
  ])('refuses %s', async (words, message) => {
    const { code, stderr } = await type(words);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    expect(await readdir(directory)).toEqual(['pump.bin']);
  });
});

describe('firmware verify', () => {
  it.each([
    ['signature', (text: string) => text.replace(/"signature": "../, '"signature": "AA'), 'signature-invalid'],
    ['signature', (text: string) => text.replace(/"version": "2/, '"version": "3'), 'signature-invalid'],
    ['signature', (text: string) => text.replace(/"signature":/, '"nature":'), 'signature-missing'],
    ['manifest', (text: string) => text.replace(/"size": 5/, '"size": -5'), 'manifest-invalid'],
    ['manifest', () => '{}', 'manifest-invalid'],
  ])('finds what is wrong with the %s', async (check, change, code) => {
    await signPump();
    await writeFile(at('pump.json'), change(await readFile(at('pump.json'), 'utf8')));
    const ended = await type('verify ./pump.json --trust ./release.trust.json -o json');
    expect(ended.code).toBe(1);
    const failed = (JSON.parse(ended.stdout) as { check: string; verdict: string; code?: string }[]).filter(
      ({ verdict }) => verdict === 'failed',
    );
    expect(failed).toMatchObject([{ check, code }]);
    expect(JSON.parse(ended.stderr)).toMatchObject({ error: { code: 'check-failed', details: { check, code } } });
  });

  it('needs somebody to trust, and a file that is there', async () => {
    await signPump();
    expect((await type('verify ./pump.json')).code).toBe(2);
    expect((await type('verify ./pump.json --trust ./release.trust.json --public-key ./release.pub')).code).toBe(2);
    expect((await type('verify ./none.json --trust ./release.trust.json')).code).toBe(3);
    const secret = await type('verify ./pump.json --public-key ./release.key');
    expect([secret.code, secret.stderr]).toEqual([2, expect.stringContaining('is a private key')]);
  });
});

describe('firmware add, list and show', () => {
  it('keep a release at the hub', async () => {
    await signPump();
    expect((await did('list')).stderr).toContain('the hub has no firmware');
    expect(JSON.parse((await did('add ./pump.json --file ./pump.bin --dry-run -o json')).stdout)).toMatchObject({
      result: 'planned',
    });
    expect(hub.records.names()).toEqual([]);
    const { stdout, stderr } = await did('add ./pump.json --file ./pump.bin -o json');
    expect(JSON.parse(stdout)).toMatchObject({ result: 'added', verifiedBy: 'nobody' });
    expect(stderr).toContain('not verified');
    expect(JSON.parse((await did('add ./pump.json --file ./pump.bin -o json')).stdout)).toMatchObject({
      result: 'unchanged',
    });
    expect((await did('list -o name')).stdout).toBe('pump@2.0.0\n');
    const shown = await did('show pump@2.0.0 -o json');
    expect(JSON.parse(shown.stdout)).toMatchObject({ stored: true, signatureVerdict: 'unknown', url: null });
    await did('verify - --public-key ./release.pub', { stdin: shown.stdout });
    expect((await type('show pump@9.9.9')).code).toBe(3);
  });

  it('refuse another manifest, another file, and an address that is none', async () => {
    await signPump();
    await did('add ./pump.json --file ./pump.bin --trust ./release.trust.json');
    await did('sign ./pump.bin pump@2.0.0 --hardware pump-v3 --key ./release.key --out ./other.json');
    const other = await type('add ./other.json --file ./pump.bin');
    expect([other.code, other.stderr]).toEqual([5, expect.stringContaining('hardware')]);
    await writeFile(at('pump.bin'), 'imagE');
    expect((await type('add ./pump.json --file ./pump.bin')).code).toBe(1);
    expect((await type('add ./pump.json --url file:///etc/passwd')).code).toBe(2);
    expect((await type('add ./release.trust.json --file ./pump.bin')).code).toBe(2);
  });
});

describe('firmware rotate-key', () => {
  it('tells a hub its keys, adds one, retires one, and says what is orphaned', async () => {
    await signPump();
    await did(`keygen next --out ${directory}`);
    await did('rotate-key --publish ./release.trust.json --yes');
    await did('add ./pump.json --file ./pump.bin');
    expect(JSON.parse((await did('show pump@2.0.0 -o json')).stdout)).toMatchObject({ signatureVerdict: 'trusted' });
    await did('rotate-key --key ./release.key --new-key ./next.key --out ./two.json --yes');
    const last = await did('rotate-key --key ./next.key --retire ./release.pub --out ./three.json --yes -o json');
    expect(JSON.parse(last.stdout)).toMatchObject({ version: 3, keys: [{ is: 'kept' }, { is: 'retired' }] });
    expect(last.stderr).toContain('pump@2.0.0');
    const chain = await readTrustChain(hub.records);
    expect(chain.map(({ trust }) => trust.version)).toEqual([1, 2, 3]);
    expect(readTrust(JSON.parse(await readFile(at('three.json'), 'utf8'))).trust).toEqual(chain.at(-1)?.trust);
    expect(await type('add ./pump.json --file ./pump.bin')).toMatchObject({ code: 1 });
  });

  it('asks before it publishes, and changes nothing in a dry run', async () => {
    await signPump();
    const unasked = await type('rotate-key --publish ./release.trust.json');
    expect([unasked.code, hub.records.names()]).toEqual([2, []]);
    await did('rotate-key --publish ./release.trust.json --dry-run');
    expect(hub.records.names()).toEqual([]);
    await did(`keygen next --out ${directory}`);
    const words = 'rotate-key --trust ./release.trust.json --key ./release.key --new-key ./next.key --out ./two.json';
    expect(JSON.parse((await did(`${words} --dry-run -o json`)).stdout)).toMatchObject({ hub: 'planned', version: 2 });
    await expect(stat(at('two.json'))).rejects.toThrow();
  });

  it('works without a hub, and is published from elsewhere', async () => {
    await signPump();
    await did(`keygen next --out ${directory}`);
    await did(
      'rotate-key --trust ./release.trust.json --key ./release.key --new-key ./next.key --offline --out ./two.json',
    );
    expect(hub.records.names()).toEqual([]);
    expect(await type('rotate-key --publish ./two.json --yes')).toMatchObject({ code: 5 });
    await did('rotate-key --publish ./two.json --trust ./release.trust.json --yes');
    expect(await readTrustChain(hub.records)).toHaveLength(2);
  });

  it('says how to go on when the hub could not be told', async () => {
    await signPump();
    await did(`keygen next --out ${directory}`);
    await did('rotate-key --publish ./release.trust.json --yes');
    hub.records.write = async () => {
      const { Failure } = await import('../../../../src/errors/index.ts');
      throw new Failure('hub-unreachable', 'gone');
    };
    const { code, stderr } = await type('rotate-key --key ./release.key --new-key ./next.key --out ./two.json --yes');
    expect([code, stderr]).toEqual([9, expect.stringContaining(`--publish ${at('two.json')}`)]);
  });

  it.each([
    ['rotate-key --key ./release.key', 'nothing is to change'],
    ['rotate-key --publish a --new-key b', '--publish'],
    ['rotate-key --key ./release.key --retire ./release.pub', 'not known'],
  ])('refuses %s', async (words, message) => {
    await signPump();
    const { code, stderr } = await type(words);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});
