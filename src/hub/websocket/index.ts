export { isWebSocketPath } from './paths.ts';
export { createUpgrade, refuseUpgrade, type Upgrade } from './upgrade.ts';
