import type { RegistryStore, Sender } from '../ports.ts';
import type { DevicePrincipal, Gatekeeper } from '../services.ts';

/** With what a sender was let in, and the count of the registry's writes before it was looked at. */
export interface Proof extends Pick<DevicePrincipal, 'credential' | 'identityCounter'> {
  readonly writes: number;
}

/** Kept for as long as the sender is held by its session. */
export type Proofs = WeakMap<Sender, Proof>;

/** The gatekeeper, noting with what each sender was let in, so that a later write of the identity can be compared with it. */
export function rememberProofs(
  gatekeeper: Gatekeeper,
  proofs: Proofs,
  store: Pick<RegistryStore, 'writes'>,
): Gatekeeper {
  return {
    authorizeService: (request) => gatekeeper.authorizeService(request),
    authorizeEventHub: (token, remote) => gatekeeper.authorizeEventHub(token, remote),
    authorizeEventHubKey: (policy, key, remote) => gatekeeper.authorizeEventHubKey(policy, key, remote),
    async authenticateDevice(credentials) {
      const { writes } = store;
      const principal = await gatekeeper.authenticateDevice(credentials);
      const { credential, identityCounter } = principal;
      proofs.set(principal.sender, { credential, identityCounter, writes });
      return principal;
    },
  };
}
