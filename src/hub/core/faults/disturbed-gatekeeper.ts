import { HubError } from '../../../protocol/hub-errors.ts';
import { sleep } from '../../../std/clock.ts';
import type { Gatekeeper } from '../services.ts';
import type { DisturbanceParts } from './disturbed-log.ts';

/** The gatekeeper, where devices meet faults and the tier's limit of new connections before their credentials are looked at. */
export function disturbedGatekeeper(
  gatekeeper: Gatekeeper,
  { faults, throttle, clock }: Omit<DisturbanceParts, 'sessions'>,
): Gatekeeper {
  return {
    authorizeService: (request) => gatekeeper.authorizeService(request),
    authorizeEventHub: (token, remote) => gatekeeper.authorizeEventHub(token, remote),
    authorizeEventHubKey: (policy, key, remote) => gatekeeper.authorizeEventHubKey(policy, key, remote),
    async authenticateDevice(credentials) {
      const fault = faults.at('connect', credentials.identity);
      if (fault?.kind === 'refuse')
        throw new HubError('ServiceUnavailable', 'The device is refused by a fault on purpose.');
      if (fault !== undefined) await sleep(clock, fault.delayMs);
      await throttle.admit('connect');
      return gatekeeper.authenticateDevice(credentials);
    },
  };
}
