export { startHub } from './hub.ts';
export type { HubLog } from './log.ts';
export type { HubOptions, RunningHub } from './options.ts';
export type { PortChoice, PortFallback, PortName } from './ports.ts';
export { readHubState, type HubInfo, type HubState } from './state.ts';
