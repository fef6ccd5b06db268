import { randomBytes } from 'node:crypto';
import { structuredErrorBody } from '../protocol/error-body.ts';
import { HubError } from '../protocol/hub-errors.ts';
import type { IdentityPath } from '../protocol/identity-path.ts';
import type { Clock } from '../std/clock.ts';
import type { HubLog } from './log.ts';

/** What a device hears of a twin request that failed, on any protocol: a status and JSON. Source: device.md §2.6, §4.6. */
export function twinFailure(
  error: unknown,
  { identity, clock, log }: { readonly identity: IdentityPath; readonly clock: Clock; readonly log: HubLog },
): { readonly status: number; readonly body: string } {
  const trackingId = randomBytes(16).toString('hex');
  let known: HubError;
  if (error instanceof HubError) {
    known = error;
  } else {
    known = new HubError('ServerError', 'The request could not be completed.');
    log.error({ identity, trackingId, err: error }, 'a twin request failed');
  }
  return { status: known.status, body: JSON.stringify(structuredErrorBody(known, { trackingId, now: clock.now() })) };
}
