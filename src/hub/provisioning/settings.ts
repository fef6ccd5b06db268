/** What whoever starts a hub may say about provisioning, made ready for the core. */
import type { Clock } from '../../std/clock.ts';
import type { AllocationWebhook } from '../core/provisioning/ports.ts';
import type { ProvisioningSettings } from '../core/provisioning/provisioning.ts';
import { exchange } from './exchange.ts';
import { createLatencyTable, type NetworkLatencies } from './latencies.ts';
import { createRemoteHub, type RemoteHubOptions } from './remote-hub.ts';

export interface ProvisioningOptions {
  /** Hubs beside the carried one that devices may be assigned to. */
  readonly hubs?: readonly Omit<RemoteHubOptions, 'clock'>[] | undefined;
  /** For the allocation by the lowest latency. */
  readonly latencies?: readonly NetworkLatencies[] | undefined;
}

const webhookTimeoutMs = 10_000;

/** Failure `invalid-value` for a network that is no range of addresses. */
export function provisioningSettings(
  { hubs = [], latencies }: ProvisioningOptions,
  { hostName, clock }: { readonly hostName: string; readonly clock: Clock },
): ProvisioningSettings {
  return {
    hubHostName: hostName,
    linkedHubs: hubs.map((hub) => createRemoteHub({ ...hub, clock })),
    webhook: callWebhook,
    ...(latencies !== undefined && { latency: createLatencyTable(latencies) }),
  };
}

const callWebhook: AllocationWebhook = ({ url, body }) =>
  exchange({ method: 'POST', url: new URL(url), body, timeoutMs: webhookTimeoutMs });
