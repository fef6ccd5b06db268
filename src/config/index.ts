export type { Connection, Profile, ProfileStore } from './profile.ts';
export { profileNameProblem } from './profile-document.ts';
export { openProfileStore } from './profile-store.ts';
export { connectionOf, resolveConnection, type ResolveOptions } from './resolve-connection.ts';
export { inspectConfiguration, type ConfigInspection } from './inspect.ts';
export type { Keychain } from './keychain.ts';
