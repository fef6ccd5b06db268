import { execFile } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encryptKey } from '../../../src/fleet/firmware/encrypt-key.ts';
import { isEncryptedKey, makeKeys, openPrivateKey, openPublicKey } from '../../../src/fleet/firmware/index.ts';
import { keyIdOf, rawPublicKey, readTrust } from '../../../src/protocol/firmware/index.ts';
import { newKey } from '../../support/firmware.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'iotctl-keys-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const now = Date.parse('2026-03-01T12:00:00.000Z');

describe('makeKeys', () => {
  it('writes a private key for its owner alone, its public half, and a set of keys that verifies', async () => {
    const made = await makeKeys({ name: 'release', directory, now });
    expect((await stat(made.privateKeyFile)).mode & 0o777).toBe(0o600);
    const key = openPrivateKey(await readFile(made.privateKeyFile, 'utf8'), 'it');
    expect(keyIdOf(rawPublicKey(key))).toBe(made.keyId);
    const publicKey = openPublicKey(await readFile(made.publicKeyFile, 'utf8'), 'it');
    expect(rawPublicKey(publicKey)).toBe(rawPublicKey(key));
    const { trust, chain } = readTrust(JSON.parse(await readFile(made.trustFile, 'utf8')));
    expect(trust).toMatchObject({ version: 1, keys: [{ keyId: made.keyId }], createdAt: '2026-03-01T12:00:00.000Z' });
    expect(chain).toHaveLength(1);
  });

  it('overwrites nothing, and leaves nothing behind when it cannot write all', async () => {
    await writeFile(join(directory, 'release.trust.json'), 'mine');
    await expect(makeKeys({ name: 'release', directory, now })).rejects.toMatchObject({ code: 'conflict' });
    expect(await readdir(directory)).toEqual(['release.trust.json']);
    expect(await readFile(join(directory, 'release.trust.json'), 'utf8')).toBe('mine');
  });

  it('follows no symbolic link', async () => {
    const target = join(directory, 'elsewhere');
    await symlink(target, join(directory, 'release.key'));
    await expect(makeKeys({ name: 'release', directory, now })).rejects.toMatchObject({ code: 'conflict' });
    await expect(stat(target)).rejects.toThrow();
  });

  it.each([['../release'], [''], ['.hidden'], ['a/b'], ['a b']])('refuses the name %j', async (name) => {
    await expect(makeKeys({ name, directory, now })).rejects.toMatchObject({ code: 'invalid-value' });
    expect(await readdir(directory)).toEqual([]);
  });

  it('encrypts the private key by a passphrase', async () => {
    const made = await makeKeys({ name: 'release', directory, now, passphrase: 'pass phrase ✓' });
    const pem = await readFile(made.privateKeyFile, 'utf8');
    expect(isEncryptedKey(pem)).toBe(true);
    expect(keyIdOf(rawPublicKey(openPrivateKey(pem, 'it', 'pass phrase ✓')))).toBe(made.keyId);
  });
});

describe('encryptKey', () => {
  it('writes what OpenSSL itself reads', async () => {
    const key = newKey();
    const file = join(directory, 'key.pem');
    await writeFile(file, await encryptKey(key, 'secret', 40_000));
    // Where there is no such program, Node's own OpenSSL has the word.
    const shown = await promisify(execFile)('openssl', ['pkey', '-in', file, '-passin', 'pass:secret']).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      },
    );
    const pem = shown?.stdout ?? createPrivateKey({ key: await readFile(file), passphrase: 'secret' });
    expect(rawPublicKey(createPrivateKey(pem as string))).toBe(rawPublicKey(key));
  });
});

describe('openPrivateKey', () => {
  it('says what is wrong, and never shows the key', async () => {
    const secret = 'MC4CAQAwBQYDK2VwBCIEIJKx';
    const damaged = `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----\n`;
    const error = await Promise.resolve()
      .then(() => openPrivateKey(damaged, 'release.key'))
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'invalid-input', message: 'release.key is no private key in PEM' });
    expect(JSON.stringify(error)).not.toContain(secret);
  });

  it('takes no key of another kind, and no wrong passphrase', async () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' });
    expect(() => openPrivateKey(ec.toString(), 'it')).toThrow(/ec, not Ed25519/);
    const encrypted = await encryptKey(newKey(), 'secret', 1_000);
    expect(() => openPrivateKey(encrypted, 'it', 'wrong')).toThrow(/passphrase does not open it/);
  });
});

describe('openPublicKey', () => {
  it('refuses a private key, so that none lies where public ones do', () => {
    const pem = newKey().export({ format: 'pem', type: 'pkcs8' }).toString();
    expect(() => openPublicKey(pem, 'it')).toThrow(/is a private key/);
  });
});
