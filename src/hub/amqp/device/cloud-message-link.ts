/** Messages from the cloud to the device. Source: device.md §4.5, §8. */
import { HubError } from '../../../protocol/hub-errors.ts';
import type { LockedMessage, Settlement } from '../../core/messages/service.ts';
import { ubyte, ulong, type Writable } from '../codec/values.ts';
import type { AmqpContext } from '../context.ts';
import { toAmqpError } from '../errors.ts';
import type { OutgoingMessage } from '../message.ts';
import type { OutgoingDelivery, OutgoingLink, Outcome, Sending } from '../route.ts';
import type { AmqpDeviceSession } from './device-session.ts';

/** Source: device.md §8. */
const lockMs = 60_000;

const settlements: Readonly<Record<Outcome, Settlement>> = {
  accepted: 'complete',
  rejected: 'reject',
  released: 'abandon',
  modified: 'abandon',
};

export function sendCloudMessages(
  context: AmqpContext,
  session: AmqpDeviceSession,
  link: OutgoingLink,
): Required<Pick<Sending, 'credit' | 'drain' | 'closed'>> {
  const { messages } = context.core;
  /** Lock tokens of what the device has and has not settled. */
  const held = new Set<string>();
  let pumping: Promise<void> | undefined;
  let again = false;
  let over = false;

  async function settle(lockToken: string, outcome: Outcome, delivery: OutgoingDelivery): Promise<void> {
    held.delete(lockToken);
    try {
      await messages.settle(session.identity, lockToken, settlements[outcome]);
      delivery.settle();
    } catch (error) {
      delivery.settle(toAmqpError(error, context));
    }
  }

  async function deliverAll(): Promise<void> {
    while (!over && link.credit > 0) {
      const message = await messages.receive(session.identity, { lockMs });
      if (message === undefined) return;
      if (over || link.credit === 0) {
        await messages.settle(session.identity, message.lockToken, 'release');
        return;
      }
      const { lockToken } = message;
      held.add(lockToken);
      link.send(cloudMessage(message), {
        tag: lockTokenBytes(lockToken),
        onOutcome: (outcome, delivery) => void settle(lockToken, outcome, delivery),
      });
    }
  }

  /** One at a time; a wake-up meanwhile makes it look once more. */
  async function pump(): Promise<void> {
    try {
      do {
        again = false;
        await deliverAll();
      } while (again);
    } catch (error) {
      if (!(error instanceof HubError))
        context.log.error({ identity: session.identity, err: error }, 'messages cannot be sent');
    } finally {
      pumping = undefined;
    }
  }

  const wake = (): void => {
    if (over) return;
    again = true;
    pumping ??= pump();
  };
  const unsubscribe = messages.subscribe(session.identity, wake);

  return {
    credit: wake,
    drain: async () => {
      wake();
      await pumping;
    },
    closed() {
      over = true;
      unsubscribe();
      for (const lockToken of held)
        messages.settle(session.identity, lockToken, 'release').catch((error: unknown) => {
          // The lock may be gone, the message with it.
          if (!(error instanceof HubError)) context.log.error({ err: error }, 'a message could not be given back');
        });
      held.clear();
    },
  };
}

function cloudMessage(message: LockedMessage): OutgoingMessage {
  const applicationProperties = new Map<string, Writable>(Object.entries(message.properties));
  if (message.ack !== 'none') applicationProperties.set('iothub-ack', message.ack);
  return {
    annotations: new Map<string, Writable>([
      ['x-opt-lock-token', message.lockToken],
      ['x-opt-sequence-number', ulong(message.sequenceNumber)],
      ['iothub-enqueuedtime', new Date(message.enqueuedTime)],
      ['iothub-deliverycount', ubyte(Math.min(message.deliveryCount, 255))],
    ]),
    properties: {
      messageId: message.messageId,
      correlationId: message.correlationId,
      userId: message.userId === undefined ? undefined : Buffer.from(message.userId, 'utf8'),
      to: message.to,
      contentType: message.contentType,
      contentEncoding: message.contentEncoding,
      expiresAt: message.expiresAt,
    },
    applicationProperties,
    body: message.body,
  };
}

/** A GUID as .NET writes it, its first three groups little-endian: the C# SDK reads the lock token off the delivery tag. */
export function lockTokenBytes(lockToken: string): Uint8Array {
  const bytes = Buffer.from(lockToken.replaceAll('-', ''), 'hex');
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}
