import { generateKeyPair } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Failure } from '../../errors/index.ts';
import { keyIdOf, rawPublicKey, signTrust } from '../../protocol/firmware/index.ts';
import { createFiles } from './new-files.ts';

export interface MakeKeysOptions {
  /** What the files are called: `NAME.key`, `NAME.pub`, `NAME.trust.json`. */
  readonly name: string;
  readonly directory: string;
  /** The private key is encrypted with it. */
  readonly passphrase?: string | undefined;
  /** Unix milliseconds. */
  readonly now: number;
}

/** A pair of keys on disk, and the set of trusted keys that has it alone. */
export interface MadeKeys {
  readonly keyId: string;
  readonly privateKeyFile: string;
  readonly publicKeyFile: string;
  readonly trustFile: string;
  readonly encrypted: boolean;
}

/**
 * Makes a key to sign firmware with. The private key is readable by its owner alone from the moment its file exists.
 * Failures: invalid-value, conflict (a file is there), permission-denied, disk-full, io.
 */
export async function makeKeys({ name, directory, passphrase, now }: MakeKeysOptions): Promise<MadeKeys> {
  if (!/^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/.test(name))
    throw new Failure(
      'invalid-value',
      `"${name}" is no name of a key: it has other characters than letters, digits and . _ -`,
      {
        hint: 'the directory goes into --out',
      },
    );
  const { publicKey, privateKey } = await promisify(generateKeyPair)('ed25519');
  const raw = rawPublicKey(publicKey);
  const keyId = keyIdOf(raw);
  const createdAt = new Date(now).toISOString();
  const trust = signTrust({ format: 1, version: 1, keys: [{ keyId, publicKey: raw }], createdAt }, [privateKey]);
  const privatePem =
    passphrase === undefined
      ? privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
      : await (await import('./encrypt-key.ts')).encryptKey(privateKey, passphrase);
  const files = {
    privateKeyFile: join(directory, `${name}.key`),
    publicKeyFile: join(directory, `${name}.pub`),
    trustFile: join(directory, `${name}.trust.json`),
  };
  await createFiles([
    { path: files.privateKeyFile, content: privatePem, mode: 0o600 },
    { path: files.publicKeyFile, content: publicKey.export({ format: 'pem', type: 'spki' }).toString(), mode: 0o644 },
    { path: files.trustFile, content: `${JSON.stringify(trust, null, 2)}\n`, mode: 0o644 },
  ]);
  return { keyId, ...files, encrypted: passphrase !== undefined };
}
