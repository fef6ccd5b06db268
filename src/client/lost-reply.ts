import type { Authentication, DeviceStatus } from '../protocol/identity.ts';

interface Sent {
  readonly status?: DeviceStatus | undefined;
  readonly authentication?: Partial<Authentication> | undefined;
  readonly capabilities?: { readonly iotEdge: boolean } | undefined;
  readonly managedBy?: string | null | undefined;
}

/** True when a stored identity holds everything that a create or replace named, so that the request can be taken as done. */
export function matchesWhatWasSent(sent: Sent, stored: Sent): boolean {
  return (
    covers(stored.status, sent.status) &&
    covers(stored.authentication, sent.authentication) &&
    covers(stored.capabilities, sent.capabilities) &&
    covers(stored.managedBy, sent.managedBy)
  );
}

function covers(stored: unknown, sent: unknown): boolean {
  if (sent === undefined || sent === null) return true;
  if (typeof sent !== 'object') return stored === sent;
  if (typeof stored !== 'object' || stored === null) return false;
  return Object.entries(sent).every(([name, value]) => covers((stored as Record<string, unknown>)[name], value));
}
