export type {
  AmqpWebSocketMode,
  Connection,
  CredentialKind,
  EntraConnection,
  EntraProfile,
  HubTier,
  KeyConnection,
  KeyProfile,
  Profile,
  ProfileStore,
} from './profile.ts';
export { amqpWebSocketModes, credentialKinds, hubTiers } from './profile.ts';
export { profileNameProblem } from './profile-document.ts';
export { openProfileStore } from './profile-store.ts';
export { addressesOfPorts } from './hub-addresses.ts';
export { connectionOf, readSecretFile, resolveConnection, type ResolveOptions } from './resolve-connection.ts';
export { inspectConfiguration, type ConfigInspection } from './inspect.ts';
export type { Keychain } from './keychain.ts';
