/** Keys of profiles: in the keychain where there is one, else in a 0600 file of their own. */
import { randomBytes } from 'node:crypto';
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../errors/index.ts';
import type { Keychain } from './keychain.ts';
import { ensurePrivateDirectory, readPrivateFile, type PrivateFileOptions } from './private-files.ts';
import type { SecretReference } from './profile-document.ts';

export interface SecretVault {
  put(profileName: string, key: string, preferKeychain: boolean): Promise<SecretReference>;
  /** The key; Failure `invalid-config` when the place no longer has it. */
  get(profileName: string, reference: SecretReference): Promise<string | undefined>;
  remove(profileName: string, reference: SecretReference): Promise<void>;
}

export interface SecretVaultOptions extends PrivateFileOptions {
  readonly directory: string;
  readonly keychain: () => Promise<Keychain | undefined>;
  /** Files were chosen, so that nobody need be told of them. */
  readonly filesWanted: boolean;
}

export function createSecretVault(options: SecretVaultOptions): SecretVault {
  const fileOf = (profileName: string, id: string): string => join(options.directory, `${profileName}.${id}.key`);
  const keychainOrFailure = async (profileName: string): Promise<Keychain> => {
    const keychain = await options.keychain();
    if (keychain !== undefined) return keychain;
    throw new Failure(
      'invalid-config',
      `the key of profile ${profileName} is in the keychain, which cannot be used here`,
      {
        hint: `unlock the keychain, or iotctl profile add ${profileName} --replace`,
      },
    );
  };
  return {
    async put(profileName, key, preferKeychain) {
      const id = randomBytes(8).toString('hex');
      const keychain = preferKeychain ? await options.keychain() : undefined;
      if (keychain !== undefined) {
        try {
          await keychain.set(accountOf(profileName, id), key);
          return { place: 'keychain', id };
        } catch {
          options.onNote?.('the keychain did not take the key; it is kept in a file only you can read');
        }
      } else if (preferKeychain && !options.filesWanted)
        options.onNote?.('no keychain works here: the key goes into a file in plain text, which only you can read');
      await ensurePrivateDirectory(options.directory, options);
      const { writeFileAtomic } = await import('../std/atomic-file.ts');
      await writeFileAtomic(fileOf(profileName, id), `${key}\n`, 0o600);
      return { place: 'file', id };
    },
    async get(profileName, reference) {
      if (reference.place === 'keychain')
        return (await keychainOrFailure(profileName)).get(accountOf(profileName, reference.id));
      return (await readPrivateFile(fileOf(profileName, reference.id), options))?.trim();
    },
    async remove(profileName, reference) {
      if (reference.place === 'file') {
        await unlink(fileOf(profileName, reference.id)).catch(() => undefined);
      } else {
        await (await options.keychain())?.remove(accountOf(profileName, reference.id)).catch(() => undefined);
      }
    },
  };
}

function accountOf(profileName: string, id: string): string {
  return `${profileName}/${id}`;
}
