import { HubError, type HubErrorSymbol } from '../../../protocol/hub-errors.ts';
import { parseSasToken } from '../../../protocol/sas-token.ts';
import type { Gatekeeper } from '../services.ts';
import { addressOf } from './address.ts';
import type { AuditService } from './service.ts';

/** Refusals of credentials, in difference to limits and faults. */
const refusals: ReadonlySet<HubErrorSymbol> = new Set([
  'IotHubUnauthorizedAccess',
  'IotHubUnauthorized',
  'DeviceDisabled',
  'DeviceNotFound',
  'ModuleNotFound',
]);

/** The gatekeeper, whose refusals are in the audit. Who it was is what was said, so it is named as a target, not as the source. */
export function auditedGatekeeper(gatekeeper: Gatekeeper, audit: Pick<AuditService, 'tell'>): Gatekeeper {
  async function told<Result>(work: Promise<Result>, remote: string | undefined, said: () => string): Promise<Result> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof HubError && refusals.has(error.symbol)) {
        audit.tell({
          event: 'access.refused',
          source: 'unproved',
          address: addressOf(remote),
          result: 'refused',
          targets: [said()],
          details: { reason: error.symbol },
        });
      }
      throw error;
    }
  }
  return {
    authenticateDevice: (credentials) =>
      told(gatekeeper.authenticateDevice(credentials), credentials.remote, () => `device ${credentials.identity}`),
    authorizeService: (request) =>
      told(gatekeeper.authorizeService(request), request.remote, () => saidBy(request.token, request.resource)),
    authorizeEventHub: (token, remote) =>
      told(gatekeeper.authorizeEventHub(token, remote), remote, () => saidBy(token, 'event hub')),
    authorizeEventHubKey: (policy, key, remote) =>
      told(gatekeeper.authorizeEventHubKey(policy, key, remote), remote, () => `policy ${policy} event hub`),
  };
}

function saidBy(token: string | undefined, resource: string): string {
  const name = token === undefined ? undefined : parseSasToken(token)?.keyName;
  return `${name === undefined ? 'nobody' : `policy ${name}`} ${resource}`;
}
