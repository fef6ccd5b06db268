import type { Connection, Profile } from './profile.ts';

export type { Connection, Profile } from './profile.ts';

/** Where secrets of a profile are kept. */
export type SecretPlace = 'keychain' | 'file';

/** Profiles and credentials. Writers never lose each other's work: one file per profile, written atomically, 0600. */
export interface ProfileStore {
  list(): Promise<readonly Profile[]>;
  get(name: string): Promise<Profile>;
  /** Creates or, with `replace`, replaces. Failure `conflict` when it exists. */
  save(profile: Profile, sharedAccessKey: string, options?: { replace?: boolean }): Promise<{ secret: SecretPlace }>;
  remove(name: string): Promise<void>;
  /** The selected profile's name, undefined when none. */
  selected(): Promise<string | undefined>;
  select(name: string): Promise<void>;
  /** The profile with its key. */
  connect(name: string): Promise<Connection>;
}
