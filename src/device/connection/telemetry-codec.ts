import { Failure } from '../../errors/index.ts';
import { encodeBag, telemetryTopic } from '../../protocol/mqtt/index.ts';
import type { SystemProperties } from '../../protocol/telemetry/message.ts';
import type { JsonValue } from '../../std/json.ts';

export interface TelemetryOptions {
  /** Application properties. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Default: `application/json` and `utf-8` for a JSON body, which makes it queryable; nothing for bytes. */
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly messageId?: string;
  /** When the reading was taken, Unix milliseconds; for messages that were kept before they could be sent. */
  readonly creationTime?: number;
}

/** A telemetry message as it goes over the wire. */
export interface EncodedTelemetry {
  readonly topic: string;
  readonly payload: Uint8Array;
}

/** Source: device.md §10. */
const messageLimit = 256 * 1_024;

/** Failure `invalid-value` when body and properties exceed what a hub takes: it would cut the connection. */
export function encodeTelemetry(
  deviceId: string,
  body: JsonValue | Uint8Array,
  options: TelemetryOptions = {},
): EncodedTelemetry {
  const bytes = body instanceof Uint8Array;
  const payload = bytes ? body : new TextEncoder().encode(JSON.stringify(body));
  const contentType = options.contentType ?? (bytes ? undefined : 'application/json');
  const contentEncoding = options.contentEncoding ?? (bytes ? undefined : 'utf-8');
  const system: SystemProperties = {
    ...(options.messageId === undefined ? {} : { 'message-id': options.messageId }),
    ...(contentType === undefined ? {} : { 'content-type': contentType }),
    ...(contentEncoding === undefined ? {} : { 'content-encoding': contentEncoding }),
    ...(options.creationTime === undefined
      ? {}
      : { 'iothub-creation-time-utc': new Date(options.creationTime).toISOString() }),
  };
  const topic = telemetryTopic(deviceId, encodeBag({ system, properties: options.properties ?? {} }));
  if (payload.length + topic.length > messageLimit || topic.length > 65_535) {
    throw new Failure(
      'invalid-value',
      `a telemetry message of ${payload.length + topic.length} bytes is larger than the ${messageLimit} a hub takes`,
    );
  }
  return { topic, payload };
}
