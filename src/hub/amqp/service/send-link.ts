/** A back end sends messages to devices. Source: service.md §8.3. */
import { HubError } from '../../../protocol/hub-errors.ts';
import type { Caller } from '../../core/audit/service.ts';
import type { CloudToDeviceMessage, FeedbackRequest } from '../../core/messages/service.ts';
import { bodyOf } from '../codec/decode-message.ts';
import { textOf } from '../codec/values.ts';
import type { AmqpContext } from '../context.ts';
import { parseDeviceAddress } from '../device/address.ts';
import { toAmqpError } from '../errors.ts';
import type { AmqpMessage } from '../message.ts';
import type { IncomingDelivery, Receiving } from '../route.ts';

/** Source: service.md §8.3: 64 KiB a message, properties included, and some room for its headers. */
const largestMessage = 96 * 1024;
const window = 100;

const feedbackRequests: ReadonlySet<string> = new Set(['none', 'positive', 'negative', 'full']);

/** Each message is in the audit: what it does to a device is up to the device. */
export function receiveForDevices(context: AmqpContext, caller: Caller): Receiving {
  return {
    window,
    maxMessageSize: largestMessage,
    message: (delivery) => void enqueue(context, caller, delivery),
  };
}

async function enqueue(context: AmqpContext, caller: Caller, delivery: IncomingDelivery): Promise<void> {
  const noted = (result: 'accepted' | 'refused', target: string | undefined): void =>
    context.core.audit.tell({
      ...caller,
      event: 'message.send',
      result,
      targets: target === undefined ? [] : [target],
    });
  let target: string | undefined;
  try {
    const { message } = delivery;
    const to = message.properties.to ?? '';
    const address = parseDeviceAddress(to);
    if (address?.kind !== 'messages' || address.identities.length === 0)
      throw new HubError(
        'ArgumentInvalid',
        'The message is not addressed to /devices/{deviceId}/messages/devicebound.',
      );
    const outgoing = cloudMessage(message, to);
    target = address.identities[0];
    noted('accepted', await sendToFirst(context, address.identities, outgoing));
    delivery.accept();
  } catch (error) {
    noted('refused', target);
    delivery.reject(toAmqpError(error, context));
  }
}

/** The id decoded first: service SDKs write it encoded. Answers which of them took it. */
async function sendToFirst(
  { core }: AmqpContext,
  identities: readonly string[],
  message: CloudToDeviceMessage,
): Promise<string | undefined> {
  const [last, ...others] = [...identities];
  for (const identity of others.toReversed()) {
    try {
      await core.messages.send(identity, message);
      return identity;
    } catch (error) {
      if (!(error instanceof HubError) || error.status !== 404) throw error;
    }
  }
  if (last !== undefined) await core.messages.send(last, message);
  return last;
}

function cloudMessage(message: AmqpMessage, to: string): CloudToDeviceMessage {
  const { messageId, correlationId, userId, contentType, contentEncoding, expiresAt } = message.properties;
  const properties = Object.create(null) as Record<string, string>;
  let ack: FeedbackRequest = 'none';
  for (const [name, value] of message.applicationProperties) {
    const text = textOf(value);
    if (text === undefined) continue;
    if (name === 'iothub-ack') ack = feedbackRequest(text);
    else properties[name] = text;
  }
  return {
    messageId: textOf(messageId),
    correlationId: textOf(correlationId),
    userId: textOf(userId),
    to,
    expiresAt,
    contentType,
    contentEncoding,
    ack,
    properties,
    // A copy: the message outlives the frame it came in.
    body: Uint8Array.from(bodyOf(message)),
  };
}

function feedbackRequest(text: string): FeedbackRequest {
  const word = text.toLowerCase();
  if (!feedbackRequests.has(word))
    throw new HubError('ArgumentInvalid', 'iothub-ack is none, positive, negative or full.');
  return word as FeedbackRequest;
}
