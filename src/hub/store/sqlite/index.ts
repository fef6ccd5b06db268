export { openRegistryStore } from './open-registry-store.ts';
