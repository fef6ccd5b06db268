/** An extension of iotctl's own hub: many identities with their keys in one request, which the REST API reads one by one. */
import type { DeviceIdentity, ModuleIdentity } from './identity.ts';
import type { IdentityPath } from './identity-path.ts';

/** `POST` with an {@link IdentityReadRequest}. */
export const identityReadPath = '/iotctl/identities/read';

/** How many one request may name. */
export const identityReadLimit = 1_000;

export interface IdentityReadRequest {
  readonly identities: readonly IdentityPath[];
}

/** Those that are there, in the order they were asked for. */
export interface IdentityReadAnswer {
  readonly identities: readonly (DeviceIdentity | ModuleIdentity)[];
}
