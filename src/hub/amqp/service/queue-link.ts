/** A back end reads feedback and notices of uploads. Source: service.md §8.4, §8.5. */
import { isIP } from 'node:net';
import type { ServiceDelivery, ServiceQueue } from '../../core/messages/service.ts';
import { ubyte, ulong, type Writable } from '../codec/values.ts';
import type { AmqpContext } from '../context.ts';
import type { OutgoingMessage } from '../message.ts';
import type { OutgoingLink, Sending } from '../route.ts';
import { sendFromQueue } from '../settling-queue.ts';

export function sendServiceQueue(context: AmqpContext, queue: ServiceQueue, link: OutgoingLink): Sending {
  const userId = Buffer.from(hubName(link.connection.hostName), 'utf8');
  return sendFromQueue(context, link, {
    receive: () => queue.receive(),
    settle: (lockToken, settlement) => queue.settle(lockToken, settlement),
    subscribe: (wake) => queue.subscribe(wake),
    encode: (delivery) => serviceMessage(delivery, userId),
  });
}

function serviceMessage(delivery: ServiceDelivery, userId: Uint8Array): OutgoingMessage {
  return {
    annotations: new Map<string, Writable>([
      ['x-opt-lock-token', delivery.lockToken],
      ['x-opt-sequence-number', ulong(delivery.sequenceNumber)],
      ['iothub-enqueuedtime', new Date(delivery.enqueuedTime)],
      ['iothub-deliverycount', ubyte(Math.min(delivery.deliveryCount, 255))],
    ]),
    properties: { userId, contentType: delivery.contentType, createdAt: delivery.enqueuedTime },
    body: delivery.body,
  };
}

/** The first label of the host name, as the cloud hub calls itself. */
function hubName(hostName: string): string {
  return isIP(hostName) > 0 ? hostName : (hostName.split('.', 1)[0] ?? hostName);
}
