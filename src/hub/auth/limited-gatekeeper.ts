import { HubError } from '../../protocol/hub-errors.ts';
import { parseSasToken } from '../../protocol/sas-token.ts';
import { addressOf } from '../core/audit/address.ts';
import type { Gatekeeper } from '../core/services.ts';
import { isWrongKey } from './gatekeeper.ts';
import type { GuessLimit } from './guess-limit.ts';

/**
 * The gatekeeper for callers who are not tried to death: who has shown wrong credentials too often waits, and is answered
 * ThrottlingException before anything is looked at. Callers whose address nobody told are not limited.
 */
export function limitedGatekeeper(gatekeeper: Gatekeeper, guesses: GuessLimit): Gatekeeper {
  async function limited<Result>(
    remote: string | undefined,
    /** False for a caller who shows nothing at all. */
    isGuess: boolean,
    nameOf: () => string,
    work: () => Promise<Result>,
  ): Promise<Result> {
    const address = addressOf(remote);
    if (address === undefined || !isGuess) return work();
    const name = nameOf();
    const waitMs = guesses.waitMs(address, name);
    if (waitMs > 0) throw mustWait(waitMs);
    try {
      const result = await work();
      guesses.succeeded(address, name);
      return result;
    } catch (error) {
      if (isWrongKey(error)) guesses.failed(address, name);
      throw error;
    }
  }
  return {
    authenticateDevice: (credentials) =>
      limited(
        credentials.remote,
        credentials.token !== undefined || credentials.certificates !== undefined,
        () => `device ${credentials.identity}`,
        () => gatekeeper.authenticateDevice(credentials),
      ),
    authorizeService: (request) =>
      limited(
        request.remote,
        request.token !== undefined,
        () => `policy ${policyOf(request.token)}`,
        () => gatekeeper.authorizeService(request),
      ),
    authorizeEventHub: (token, remote) =>
      limited(
        remote,
        true,
        () => `policy ${policyOf(token)}`,
        () => gatekeeper.authorizeEventHub(token, remote),
      ),
    authorizeEventHubKey: (policy, key, remote) =>
      limited(
        remote,
        true,
        () => `policy ${policy}`,
        () => gatekeeper.authorizeEventHubKey(policy, key, remote),
      ),
  };
}

function policyOf(token: string | undefined): string {
  return (token === undefined ? undefined : parseSasToken(token)?.keyName) ?? '';
}

function mustWait(waitMs: number): HubError {
  const seconds = Math.max(Math.ceil(waitMs / 1_000), 1);
  const text = `Too many wrong credentials came from this address. Try again in ${seconds} s.`;
  return new HubError('ThrottlingException', text, { retryAfterSeconds: seconds });
}
