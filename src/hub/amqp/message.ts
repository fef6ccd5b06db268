/** An AMQP message, its sections by name. Source: AMQP 1.0 part 3.2. */
import type { AmqpMap, AmqpValue, MessageId, Writable } from './codec/values.ts';

/** A message that came in. Bytes are views of the message's buffer: copy what is kept. */
export interface AmqpMessage {
  readonly annotations: AmqpMap;
  readonly properties: MessageProperties;
  readonly applicationProperties: AmqpMap;
  /** The data sections one by one: a batch has one encoded message in each. */
  readonly data: readonly Uint8Array[];
  /** The value of an amqp-value section, or undefined when there is none. */
  readonly value: AmqpValue | undefined;
}

export interface MessageProperties {
  readonly messageId?: MessageId | undefined;
  readonly userId?: Uint8Array | undefined;
  readonly to?: string | undefined;
  readonly subject?: string | undefined;
  readonly replyTo?: string | undefined;
  readonly correlationId?: MessageId | undefined;
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  /** Unix milliseconds. */
  readonly expiresAt?: number | undefined;
  readonly createdAt?: number | undefined;
}

/** A message to be sent. Absent and empty sections are left out. */
export interface OutgoingMessage {
  /** Keys are written as symbols. */
  readonly deliveryAnnotations?: ReadonlyMap<string, Writable> | undefined;
  readonly annotations?: ReadonlyMap<string, Writable> | undefined;
  readonly properties?: MessageProperties | undefined;
  readonly applicationProperties?: ReadonlyMap<string, Writable> | undefined;
  /** One data section. */
  readonly body?: Uint8Array | undefined;
  /** An amqp-value section; used when there is no `body`. */
  readonly value?: Writable | undefined;
}
