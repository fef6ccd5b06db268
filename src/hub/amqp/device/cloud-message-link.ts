/** Messages from the cloud to the device. Source: device.md §4.5, §8. */
import type { LockedMessage } from '../../core/messages/service.ts';
import { ubyte, ulong, type Writable } from '../codec/values.ts';
import type { AmqpContext } from '../context.ts';
import type { OutgoingMessage } from '../message.ts';
import type { OutgoingLink, Sending } from '../route.ts';
import { sendFromQueue } from '../settling-queue.ts';
import type { AmqpDeviceSession } from './device-session.ts';

/** Source: device.md §8. */
const lockMs = 60_000;

export function sendCloudMessages(
  context: AmqpContext,
  { identity }: AmqpDeviceSession,
  link: OutgoingLink,
): Required<Pick<Sending, 'credit' | 'drain' | 'closed'>> {
  const { messages } = context.core;
  return sendFromQueue(context, link, {
    receive: () => messages.receive(identity, { lockMs }),
    settle: (lockToken, settlement) => messages.settle(identity, lockToken, settlement),
    subscribe: (wake) => messages.subscribe(identity, wake),
    encode: cloudMessage,
  });
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
