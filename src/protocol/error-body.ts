/** The JSON forms of a hub error. Source: service.md §0.4, device.md §2.6. */
import type { HubError } from './hub-errors.ts';
import type { JsonObject } from '../std/json.ts';
import { isoTicks } from './time.ts';

export interface ErrorContext {
  /** Ties the answer to the hub's log. */
  readonly trackingId: string;
  /** Unix milliseconds. */
  readonly now: number;
}

/** The REST API's usual form; the symbol goes into the header `iothub-errorcode` too. */
export function classicErrorBody(error: HubError, context: ErrorContext): JsonObject {
  return {
    Message: `ErrorCode:${error.symbol};${error.message}`,
    ExceptionMessage: `Tracking ID:${context.trackingId}-TimeStamp:${isoTicks(context.now)}`,
  };
}

/** The form of twin answers over MQTT and of some REST answers. */
export function structuredErrorBody(error: HubError, context: ErrorContext): JsonObject {
  return {
    errorCode: error.number,
    trackingId: context.trackingId,
    message: error.message,
    info: (error.info ?? null) as JsonObject | null,
    timestampUtc: isoTicks(context.now),
  };
}

/** The form of direct methods: the structured one as text inside the classic one. */
export function nestedErrorBody(error: HubError, context: ErrorContext): JsonObject {
  return { Message: JSON.stringify(structuredErrorBody(error, context)), ExceptionMessage: '' };
}
