/** A back end sends messages to devices. Source: service.md §8.3. */
import { HubError } from '../../../protocol/hub-errors.ts';
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

export function receiveForDevices(context: AmqpContext): Receiving {
  return {
    window,
    maxMessageSize: largestMessage,
    message: (delivery) => void enqueue(context, delivery),
  };
}

async function enqueue(context: AmqpContext, delivery: IncomingDelivery): Promise<void> {
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
    await sendToFirst(context, address.identities, outgoing);
    delivery.accept();
  } catch (error) {
    delivery.reject(toAmqpError(error, context));
  }
}

/** The id decoded first: service SDKs write it encoded. */
async function sendToFirst(
  { core }: AmqpContext,
  identities: readonly string[],
  message: CloudToDeviceMessage,
): Promise<void> {
  const [last, ...others] = [...identities];
  for (const identity of others.toReversed()) {
    try {
      await core.messages.send(identity, message);
      return;
    } catch (error) {
      if (!(error instanceof HubError) || error.status !== 404) throw error;
    }
  }
  if (last !== undefined) await core.messages.send(last, message);
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
