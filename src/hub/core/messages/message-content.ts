/** What a queued message says, as a document. */
import type { JsonObject } from '../../../std/json.ts';
import type { CloudToDeviceMessage, FeedbackRequest } from './service.ts';

/** A message without what its queue knows of it. */
export type MessageContent = Omit<CloudToDeviceMessage, 'expiresAt'> & { readonly to: string };

const texts = ['messageId', 'correlationId', 'userId', 'contentType', 'contentEncoding'] as const;

export function writeContent(content: MessageContent): JsonObject {
  const value: JsonObject = {
    to: content.to,
    ack: content.ack,
    // Pairs: a property may have any name, that of an object's own machinery too.
    properties: Object.entries(content.properties).map(([name, text]) => [name, text]),
    body: Buffer.from(content.body).toString('base64'),
  };
  for (const name of texts) {
    const text = content[name];
    if (text !== undefined) value[name] = text;
  }
  return value;
}

/** Undefined when it is none. */
export function readContent(value: JsonObject): MessageContent | undefined {
  const { to, ack, properties, body } = value;
  if (typeof to !== 'string' || typeof body !== 'string' || !Array.isArray(properties)) return undefined;
  const content: { -readonly [Name in keyof MessageContent]: MessageContent[Name] } = {
    to,
    ack: ack as FeedbackRequest,
    properties: propertiesOf(properties as [string, string][]),
    body: Buffer.from(body, 'base64'),
  };
  for (const name of texts) {
    const text = value[name];
    if (typeof text === 'string') content[name] = text;
  }
  return content;
}

function propertiesOf(pairs: readonly (readonly [string, string])[]): Record<string, string> {
  const properties = Object.create(null) as Record<string, string>;
  for (const [name, text] of pairs) properties[name] = text;
  return properties;
}
