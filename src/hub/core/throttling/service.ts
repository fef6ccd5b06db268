/** The cloud's limits, imitated. Source: service.md §11. */

import { HubError } from '../../../protocol/hub-errors.ts';
import type { Operation } from '../../../protocol/rates.ts';

export interface ThrottleService {
  /** True when the hub imitates the cloud: then it also hides what the cloud does not have. */
  readonly imitating: boolean;
  /**
   * Asks for room for `cost` operations (bytes for `method`). Undefined: go on at once; a promise: go on when it resolves, which is
   * the cloud's traffic shaping. Throws HubError ThrottlingBacklogTimeout when the wait would be too long; `retryAfterOf` reads it.
   */
  admit(operation: Operation, cost?: number): Promise<void> | undefined;
  /** As {@link admit}, for work of the hub itself: waits however long it takes, until the signal aborts. */
  pace(operation: Operation, signal: AbortSignal): Promise<void> | undefined;
  /** Counts a message of so many bytes against the day's quota. HubError IotHubQuotaExceeded. */
  meter(bytes: number): void;
}

/** Seconds after which a refused request may be sent again, for a Retry-After header; undefined for other errors. */
export function retryAfterOf(error: unknown): number | undefined {
  const seconds = error instanceof HubError ? error.info?.['retryAfterSeconds'] : undefined;
  return typeof seconds === 'number' ? seconds : undefined;
}
