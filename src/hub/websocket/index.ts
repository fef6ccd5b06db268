export { isWebSocketPath } from './paths.ts';
export { createUpgrade, type Upgrade } from './upgrade.ts';
