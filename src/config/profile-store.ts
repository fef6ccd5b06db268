import { readdir, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Failure, isFailure, toFailure } from '../errors/index.ts';
import type { Clock } from '../std/clock.ts';
import type { JsonObject } from '../std/json.ts';
import type { Keychain } from './keychain.ts';
import {
  ensurePrivateDirectory,
  readPrivateFile,
  refuseSymbolicLink,
  type PrivateFileOptions,
} from './private-files.ts';
import type { Profile, ProfileStore } from './profile.ts';
import {
  formatProfile,
  parseProfile,
  parseSettings,
  profileNameProblem,
  type SecretReference,
  type StoredProfile,
} from './profile-document.ts';
import { createSecretVault } from './secrets.ts';

export interface ProfileStoreOptions extends PrivateFileOptions {
  /** Holds `settings.json`, `profiles/NAME.json` and `secrets/`. Made, 0700, by the first write. */
  readonly directory: string;
  readonly clock: Clock;
  /** `off` keeps keys in files (`IOTCTL_KEYCHAIN=off`); default is the system's keychain where one works. */
  readonly keychain?: Keychain | 'off' | undefined;
}

/**
 * Opens the profiles under a directory; nothing is read before a method is called. Reading uses no package, so that commands start
 * fast; writing goes through `conf`, one document per file, so that two processes cannot lose each other's profiles.
 */
export function openProfileStore(options: ProfileStoreOptions): ProfileStore {
  const profilesDirectory = join(options.directory, 'profiles');
  const settingsFile = join(options.directory, 'settings.json');
  const fileOf = (name: string): string => join(profilesDirectory, `${checkedName(name)}.json`);
  const vault = createSecretVault({
    ...options,
    directory: join(options.directory, 'secrets'),
    keychain: keychainOpener(options),
    filesWanted: options.keychain === 'off',
  });

  const read = async (name: string): Promise<StoredProfile | undefined> => {
    const path = fileOf(name);
    const text = await readPrivateFile(path, options);
    return text === undefined ? undefined : parseProfile(text, name, path);
  };
  const readExisting = async (name: string): Promise<StoredProfile> => {
    const stored = await read(name);
    if (stored !== undefined) return stored;
    throw new Failure('profile-not-found', `there is no profile ${name}`);
  };
  const write = async (path: string, document: JsonObject): Promise<void> => {
    await ensurePrivateDirectory(options.directory, options);
    await ensurePrivateDirectory(profilesDirectory, options);
    await writeDocument(path, document);
  };
  const forget = async (name: string, ...secrets: readonly (SecretReference | undefined)[]): Promise<void> => {
    for (const secret of secrets) if (secret !== undefined) await vault.remove(name, secret);
  };
  const selected = async (): Promise<string | undefined> => {
    const text = await readPrivateFile(settingsFile, options);
    return text === undefined ? undefined : parseSettings(text, settingsFile).selectedProfile;
  };

  return {
    async list(onUnreadable) {
      const names = await namesIn(profilesDirectory);
      const profiles: Profile[] = [];
      for (const file of names.toSorted((a, b) => (a < b ? -1 : 1))) {
        const name = basename(file, '.json');
        if (!file.endsWith('.json') || profileNameProblem(name) !== undefined) continue;
        const stored = await read(name).catch((error: unknown) => {
          if (onUnreadable === undefined || !isFailure(error)) throw error;
          onUnreadable(error);
          return undefined;
        });
        if (stored !== undefined) profiles.push(stored.profile);
      }
      return profiles;
    },
    async get(name) {
      return (await readExisting(name)).profile;
    },
    async placeOfSecret(name): Promise<'keychain' | 'file' | undefined> {
      return (await readExisting(name)).secret?.place;
    },
    async save(profile, secretText, { replace = false, storageUrl } = {}) {
      const earlier = await read(profile.name);
      if (earlier !== undefined && !replace) {
        throw new Failure('conflict', `profile ${profile.name} exists already`, {
          hint: 'add --replace, or choose another name',
        });
      }
      // The key of iotctl's own hub lies in that hub's data directory anyway; asking a keychain for it would only cost a prompt.
      const keep = async (text: string | undefined): Promise<SecretReference | undefined> =>
        text === undefined ? undefined : vault.put(profile.name, text, profile.kind !== 'local');
      const secret = await keep(secretText);
      let storageSecret: SecretReference | undefined;
      try {
        storageSecret = await keep(storageUrl);
        await write(fileOf(profile.name), formatProfile({ profile, secret, storageSecret }));
      } catch (error) {
        await forget(profile.name, secret, storageSecret);
        throw error;
      }
      await forget(profile.name, earlier?.secret, earlier?.storageSecret);
      return { secret: secret?.place };
    },
    async remove(name) {
      const stored = await readExisting(name);
      const wasSelected = (await selected()) === name; // read first: settings that cannot be understood stop it before it begins
      await unlink(fileOf(name)).catch((error: unknown) => {
        throw toFailure(error);
      });
      await forget(name, stored.secret, stored.storageSecret);
      if (wasSelected) await write(settingsFile, { version: 1 });
    },
    selected,
    async select(name) {
      await readExisting(name);
      await selected(); // refuses to replace settings that cannot be understood
      await write(settingsFile, { version: 1, selectedProfile: name });
    },
    async connect(name) {
      // A save between the two reads moves the key; the second look then finds the new pair.
      for (let attempt = 0; attempt < 3; attempt++) {
        const { profile, secret, storageSecret } = await readExisting(name);
        const storageUrl = storageSecret === undefined ? undefined : await vault.get(name, storageSecret);
        if (storageSecret !== undefined && storageUrl === undefined) continue;
        const chosen = { source: 'profile', ...(storageUrl !== undefined && { storageUrl }) } as const;
        if (secret === undefined && profile.auth === 'entra') return { ...profile, ...chosen };
        const text = secret === undefined ? undefined : await vault.get(name, secret);
        if (text === undefined || text === '') continue;
        return profile.auth === 'key'
          ? { ...profile, sharedAccessKey: text, ...chosen }
          : { ...profile, eventHubConnectionString: text, ...chosen };
      }
      throw new Failure('invalid-config', `the key of profile ${name} is gone`, {
        hint: `iotctl profile add ${name} --replace`,
      });
    },
  };
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw toFailure(error);
  }
}

function checkedName(name: string): string {
  const problem = profileNameProblem(name);
  if (problem !== undefined) throw new Failure('invalid-value', problem);
  return name;
}

function keychainOpener(options: ProfileStoreOptions): () => Promise<Keychain | undefined> {
  const { keychain, clock } = options;
  if (keychain === 'off') return async () => undefined;
  if (keychain !== undefined) return async () => keychain;
  let opened: Promise<Keychain | undefined> | undefined;
  return () => (opened ??= import('./keychain.ts').then(({ openSystemKeychain }) => openSystemKeychain(clock)));
}

async function writeDocument(path: string, document: JsonObject): Promise<void> {
  await refuseSymbolicLink(path); // conf would follow it
  const { default: Conf } = await import('conf');
  try {
    const conf = new Conf<JsonObject>({
      projectName: 'iotctl',
      projectSuffix: '',
      cwd: join(path, '..'),
      configName: basename(path, '.json'),
      configFileMode: 0o600,
      clearInvalidConfig: false,
      accessPropertiesByDotNotation: false,
    });
    conf.store = document;
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new Failure('invalid-config', `${path} cannot be used: it is not valid JSON`, { cause: error });
    throw isFailure(error) ? error : toFailure(error);
  }
}
