/** The properties of a telemetry message over AMQP as a property bag. Source: device.md §4.4. */
import { encodeBag, type UuidProperty } from '../../../protocol/mqtt/index.ts';
import type { SystemProperties } from '../../../protocol/telemetry/message.ts';
import { AmqpUuid, textOf } from '../codec/values.ts';
import type { AmqpMessage } from '../message.ts';

/** Application properties that are system properties. */
const systemApplicationProperties: ReadonlyMap<string, keyof SystemProperties> = new Map([
  ['iothub-outputname', 'iothub-outputname'],
  ['iothub-message-schema', 'iothub-message-schema'],
  ['iothub-creation-time-utc', 'iothub-creation-time-utc'],
]);

export function bagOf(message: AmqpMessage): string {
  const system = Object.create(null) as { -readonly [Name in keyof SystemProperties]: SystemProperties[Name] };
  const properties = Object.create(null) as Record<string, string>;
  for (const [name, value] of message.applicationProperties) {
    const text = textOf(value);
    if (text === undefined) continue;
    const known = systemApplicationProperties.get(name);
    if (known === undefined) properties[name] = text;
    else system[known] = text;
  }
  const { messageId, correlationId, userId, to, contentType, contentEncoding, expiresAt } = message.properties;
  put(system, 'message-id', textOf(messageId));
  put(system, 'correlation-id', textOf(correlationId));
  put(system, 'user-id', textOf(userId));
  put(system, 'to', to);
  put(system, 'content-type', contentType);
  put(system, 'content-encoding', contentEncoding);
  if (expiresAt !== undefined) put(system, 'absolute-expiry-time', textOf(new Date(expiresAt)));
  put(system, 'iothub-interface-id', textOf(message.annotations.get('iothub-interface-id')));
  put(system, 'dt-subject', textOf(message.annotations.get('dt-subject')));
  for (const name of ['Diagnostic-Id', 'Correlation-Context']) {
    const text = textOf(message.annotations.get(name));
    if (text !== undefined) properties[name] = text;
  }
  const uuids = new Set<UuidProperty>();
  if (messageId instanceof AmqpUuid) uuids.add('message-id');
  if (correlationId instanceof AmqpUuid) uuids.add('correlation-id');
  return encodeBag({ system, properties }, uuids);
}

function put(
  system: { -readonly [Name in keyof SystemProperties]: SystemProperties[Name] },
  name: keyof SystemProperties,
  value: string | undefined,
): void {
  if (value !== undefined) system[name] = value;
}
