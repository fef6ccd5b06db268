/** What may be sent to a device. Source: device.md §8. */
import { HubError } from '../../../protocol/hub-errors.ts';
import type { CloudToDeviceMessage } from './service.ts';

/** Body and properties together. */
const messageBytes = 64 * 1024;
export const defaultLifeMs = 3_600_000;
const longestLifeMs = 2 * 86_400_000;
/** Empty is as good as none. */
const messageIdPattern = /^[A-Za-z0-9\-:.+%_#*?!(),=@;$']{0,128}$/;
/** Printable ASCII: it must fit a header of the HTTP API as well as a topic. */
const printable = /^[\x20-\x7E]*$/;

/**
 * Throws HubErrors MessageTooLarge, ArgumentInvalid (an id or a property that cannot be carried), InvalidMessageExpiryTime
 * (later than two days from now).
 */
export function checkMessage(message: CloudToDeviceMessage, now: number): void {
  checkText('messageId', message.messageId, messageIdPattern);
  for (const name of ['correlationId', 'userId', 'to', 'contentType', 'contentEncoding'] as const)
    checkText(name, message[name], printable);
  for (const [name, value] of Object.entries(message.properties)) {
    if (name === '' || !printable.test(name) || !printable.test(value))
      throw new HubError('ArgumentInvalid', 'Names and values of properties must be printable ASCII.');
  }
  if (sizeOf(message) > messageBytes)
    throw new HubError('MessageTooLarge', `A message to a device may have ${messageBytes} bytes.`);
  if (message.expiresAt !== undefined && !(message.expiresAt <= now + longestLifeMs))
    throw new HubError('InvalidMessageExpiryTime', 'A message to a device may live for two days.');
}

/** When the message expires. */
export function expiryOf(message: CloudToDeviceMessage, now: number): number {
  return message.expiresAt ?? now + defaultLifeMs;
}

function checkText(name: string, value: string | undefined, pattern: RegExp): void {
  if (value !== undefined && !pattern.test(value))
    throw new HubError('ArgumentInvalid', `${name} holds characters that cannot be carried, or is too long.`);
}

function sizeOf(message: CloudToDeviceMessage): number {
  let size = message.body.length;
  for (const name of ['messageId', 'correlationId', 'userId', 'to', 'contentType', 'contentEncoding'] as const)
    size += message[name]?.length ?? 0;
  for (const [name, value] of Object.entries(message.properties)) size += name.length + value.length;
  return size;
}
