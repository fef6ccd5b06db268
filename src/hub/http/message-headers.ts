import { isoTicks } from '../../protocol/time.ts';
import type { LockedMessage } from '../core/messages/service.ts';

/** A header name has no space, no colon and the like; a property may. */
const notInNames = /[^!#$%&'*+\-.^_`|~0-9A-Za-z]/g;

/** Everything about a message but its body. Source: device.md §3.2. */
export function messageHeaders(message: LockedMessage): Record<string, string> {
  const headers: Record<string, string> = {
    etag: `"${message.lockToken}"`,
    'iothub-to': message.to,
    'iothub-expiry': isoTicks(message.expiresAt),
    'iothub-enqueuedtime': isoTicks(message.enqueuedTime),
    'iothub-sequencenumber': String(message.sequenceNumber),
    'iothub-deliverycount': String(message.deliveryCount),
    'iothub-ack': message.ack,
  };
  const { messageId, correlationId, userId, contentType, contentEncoding } = message;
  if (messageId !== undefined) headers['iothub-messageid'] = messageId;
  if (correlationId !== undefined) headers['iothub-correlationid'] = correlationId;
  if (userId !== undefined) headers['iothub-userid'] = userId;
  // The C SDK reads the second name of each.
  if (contentType !== undefined) headers['iothub-contenttype'] = headers['contenttype'] = contentType;
  if (contentEncoding !== undefined) headers['iothub-contentencoding'] = headers['contentencoding'] = contentEncoding;
  for (const [name, value] of Object.entries(message.properties))
    headers[`iothub-app-${name.replaceAll(notInNames, (character) => encodeURIComponent(character))}`] = value;
  return headers;
}
