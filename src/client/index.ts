/** An operator's side of a hub. */
import type * as Endpoint from './amqp/endpoint.ts';
import type * as Probe from './probe.ts';
import type * as ProvisioningApi from './provisioning.ts';
import type * as Settings from './storage/settings.ts';

export { connectHub } from './connect-hub.ts';
export { readDeviceCounts, readHubStatus } from './hub-status.ts';
export type { ProbeReport } from './probe.ts';
export type { Provisioning } from './provisioning.ts';
export type { ServedPart } from './served-parts.ts';
export type * from './service-api.ts';

/** Loaded when it is asked for, because every command comes through this door and only one asks. */
export const probeHub: typeof Probe.probeHub = async (...request) => (await import('./probe.ts')).probeHub(...request);

/** Failure `invalid-config` for addresses of a profile that cannot be used, or would show a token to the network. */
export const checkAddresses = async (profile: Parameters<typeof Endpoint.amqpEndpointOf>[0]): Promise<void> => {
  (await import('./amqp/endpoint.ts')).amqpEndpointOf(profile);
};

/** Failure `invalid-config` for what a profile cannot keep as the address of its storage. */
export const checkStorageUrl = async (...given: Parameters<typeof Settings.checkStorageUrl>): Promise<void> => {
  (await import('./storage/settings.ts')).checkStorageUrl(...given);
};

/** Loaded late too: only what concerns enrollments asks. */
export const connectProvisioning = async (
  ...request: Parameters<typeof ProvisioningApi.connectProvisioning>
): Promise<ProvisioningApi.Provisioning> => (await import('./provisioning.ts')).connectProvisioning(...request);
