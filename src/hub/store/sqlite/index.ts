export { openRegistryStore, type RegistryStoreOptions } from './open-registry-store.ts';
