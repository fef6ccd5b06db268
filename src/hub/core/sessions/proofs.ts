import type { Sender } from '../ports.ts';
import type { DevicePrincipal, Gatekeeper } from '../services.ts';

/** With what a sender was let in, for as long as the sender is held by its session. */
export type Proofs = WeakMap<Sender, Pick<DevicePrincipal, 'credential' | 'identityCounter'>>;

/** The gatekeeper, noting with what each sender was let in, so that a later write of the identity can be compared with it. */
export function rememberProofs(gatekeeper: Gatekeeper, proofs: Proofs): Gatekeeper {
  return {
    authorizeService: (request) => gatekeeper.authorizeService(request),
    authorizeEventHub: (token, remote) => gatekeeper.authorizeEventHub(token, remote),
    authorizeEventHubKey: (policy, key, remote) => gatekeeper.authorizeEventHubKey(policy, key, remote),
    async authenticateDevice(credentials) {
      const principal = await gatekeeper.authenticateDevice(credentials);
      const { credential, identityCounter } = principal;
      proofs.set(principal.sender, { credential, identityCounter });
      return principal;
    },
  };
}
