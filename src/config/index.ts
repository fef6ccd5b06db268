export type { Connection, Profile, ProfileStore, SecretPlace } from './profile.ts';
export { profileNameProblem } from './profile-document.ts';
export { openProfileStore, type ProfileStoreOptions } from './profile-store.ts';
export {
  connectionOf,
  resolveConnection,
  type ConnectionStringParts,
  type ResolveOptions,
} from './resolve-connection.ts';
export { inspectConfiguration, type ConfigInspection, type ConfigProblem } from './inspect.ts';
export type { Keychain } from './keychain.ts';
