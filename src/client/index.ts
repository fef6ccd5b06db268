/** An operator's side of a hub. */
export { connectHub } from './connect-hub.ts';
export { readHubStatus, type HubStatus } from './hub-status.ts';
export { probeHub, type ProbeReport } from './probe.ts';
export { serviceUrlOf } from './http/service-client.ts';
export type * from './service-api.ts';
