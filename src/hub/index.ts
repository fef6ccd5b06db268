export { startHub } from './hub.ts';
export type { HubLog } from './log.ts';
export type { HubOptions, RunningHub } from './options.ts';
export { portKinds, portNames, type PortChoice, type PortFallback, type PortKind, type PortName } from './ports.ts';
export { readHubState, type HubInfo, type HubState } from './state.ts';
