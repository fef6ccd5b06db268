/** What happens to messages on their way to devices; an extension of iotctl's hub. */
import { isoMillis } from '../../../protocol/time.ts';
import type { JsonObject } from '../../../std/json.ts';
import type { MessageNote } from '../messages/device-queues.ts';
import type { QueueEvent } from '../messages/queue-state.ts';

/** The word for an event; undefined for what is none of anybody's business: a dead letter that is no longer kept. */
export function messageOperation(event: QueueEvent<MessageNote>): string | undefined {
  switch (event.kind) {
    case 'added':
      return 'messageQueued';
    case 'returned':
      return 'messageReturned';
    case 'done':
      return event.outcome === 'Success' ? 'messageCompleted' : 'messagePurged';
    case 'dead':
      return `message${event.entry.reason}`;
    case 'dropped':
      return undefined;
  }
}

/** Which message, and how often it was tried; not what it says. */
export function messageBody({ entry }: QueueEvent<MessageNote>): JsonObject {
  const { messageId, ack } = entry.note;
  return {
    sequenceNumber: entry.sequenceNumber,
    ...(messageId === null ? {} : { messageId }),
    ack,
    deliveryCount: entry.deliveryCount,
    enqueuedTime: isoMillis(entry.enqueuedTime),
    expiryTime: isoMillis(entry.expiresAt),
  };
}
