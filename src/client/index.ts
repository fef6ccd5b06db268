/** An operator's side of a hub. */
export { connectHub } from './connect-hub.ts';
export { probeHub, type ProbeReport } from './probe.ts';
export type { ClientDependencies, RetryEvent } from './http/service-client.ts';
export type * from './service-api.ts';
