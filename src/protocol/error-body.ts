/** The JSON form of a hub error in twin answers over MQTT and in newer REST answers. Source: service.md §0.4, device.md §2.6. */
import type { HubError } from './hub-errors.ts';
import type { JsonObject } from '../std/json.ts';
import { isoTicks } from './time.ts';

export interface ErrorContext {
  /** Ties the answer to the hub's log. */
  readonly trackingId: string;
  /** Unix milliseconds. */
  readonly now: number;
}

export function structuredErrorBody(error: HubError, context: ErrorContext): JsonObject {
  return {
    errorCode: error.number,
    trackingId: context.trackingId,
    message: error.message,
    info: (error.info ?? null) as JsonObject | null,
    timestampUtc: isoTicks(context.now),
  };
}
