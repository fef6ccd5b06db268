import { HubError } from '../../protocol/hub-errors.ts';
import { createTally, type Tally } from '../../std/tally.ts';
import type { Gatekeeper } from '../core/services.ts';

/** What the hub counts while it works; everything else in its metrics is looked up when they are asked for. */
export interface HubCounters {
  /** Checks of credentials. `caller`: device or service; `result`: accepted, refused or failed (the hub's own fault). */
  readonly authentications: Tally<'caller' | 'result'>;
  /** Direct methods. `result`: answered, the name of the refusal in the hub's words, or failed. */
  readonly commands: Tally<'result'>;
  /** How often a connection that offered more than its limit had to wait for the next second. */
  slowed: number;
}

export function createCounters(): HubCounters {
  return { authentications: createTally(['caller', 'result']), commands: createTally(['result']), slowed: 0 };
}

/** The gatekeeper, with its decisions counted. */
export function countingGatekeeper(gatekeeper: Gatekeeper, { authentications }: HubCounters): Gatekeeper {
  const counted = async <Result>(caller: 'device' | 'service', work: Promise<Result>): Promise<Result> => {
    try {
      const result = await work;
      authentications.add({ caller, result: 'accepted' });
      return result;
    } catch (error) {
      authentications.add({ caller, result: error instanceof HubError ? 'refused' : 'failed' });
      throw error;
    }
  };
  return {
    authenticateDevice: (credentials) => counted('device', gatekeeper.authenticateDevice(credentials)),
    authorizeService: (request) => counted('service', gatekeeper.authorizeService(request)),
    authorizeEventHub: (token, remote) => counted('service', gatekeeper.authorizeEventHub(token, remote)),
    authorizeEventHubKey: (policy, key, remote) =>
      counted('service', gatekeeper.authorizeEventHubKey(policy, key, remote)),
  };
}
