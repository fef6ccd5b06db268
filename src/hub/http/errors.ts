import { randomBytes } from 'node:crypto';
import { toFailure } from '../../errors/index.ts';
import { HubError, type HubErrorSymbol } from '../../protocol/hub-errors.ts';

/** An error ready to be sent: status, symbol for the `iothub-errorcode` header, body. */
export interface ErrorReply {
  readonly status: number;
  readonly symbol: HubErrorSymbol;
  readonly trackingId: string;
  readonly body: object;
}

/**
 * How the body of an error is shaped: direct methods have their own, some newer errors, and the provisioning service. Source:
 * service.md §0.4, §10.1.
 */
export type Envelope = 'classic' | 'nested' | 'structured' | 'provisioning';

/** Writes an error in the hub's form. What is not a HubError becomes one without its text: internals stay inside. */
export function errorReply(error: unknown, envelope: Envelope, now: number): ErrorReply {
  const known = toHubError(error);
  const trackingId = `${randomBytes(16).toString('hex').toUpperCase()}-G:0-TimeStamp:${new Date(now).toISOString()}`;
  const body = bodies[envelope](known, trackingId, now);
  return { status: known.status, symbol: known.symbol, trackingId, body };
}

const bodies: Readonly<Record<Envelope, (error: HubError, trackingId: string, now: number) => object>> = {
  classic: classicBody,
  nested: (...facts) => ({ Message: JSON.stringify(structuredBody(...facts)), ExceptionMessage: '' }),
  structured: structuredBody,
  provisioning: structuredBody,
};

function classicBody(error: HubError, trackingId: string): object {
  // SDKs split the message at semicolons, so its text has none.
  const text = error.message.replaceAll(';', ',');
  return { Message: `ErrorCode:${error.symbol};${text}`, ExceptionMessage: `Tracking ID:${trackingId}` };
}

function structuredBody(error: HubError, trackingId: string, now: number): object {
  return {
    errorCode: error.number,
    trackingId,
    message: error.message,
    info: error.info ?? {},
    timestampUtc: new Date(now).toISOString(),
  };
}

/** Refusals of the HTTP layer itself, by status. */
const byStatus: Readonly<Record<number, readonly [HubErrorSymbol, string]>> = {
  400: ['IotHubFormatError', 'The request is malformed.'],
  404: ['NotFound', 'There is nothing at this address.'],
  408: ['IotHubFormatError', 'The request was not completed in time.'],
  413: ['MessageTooLarge', 'The body is larger than this request may carry.'],
  414: ['IotHubFormatError', 'The address is too long.'],
  415: ['UnsupportedMediaType', 'The body has a form that is not understood here.'],
};

/** True when the error is an answer to the caller rather than a failure of the hub. */
export function isAnswer(error: unknown): boolean {
  return toHubError(error).status < 500 || error instanceof HubError;
}

function toHubError(error: unknown): HubError {
  if (error instanceof HubError) return error;
  // Not one of the failures that pass by themselves: a caller who tried again would wait for nothing.
  if (toFailure(error).code === 'disk-full')
    return new HubError('InsufficientStorage', 'The disk of the hub is full, so nothing was stored.');
  if (toFailure(error).code === 'data-unusable')
    return new HubError('ServerError', 'What the hub has stored of this is damaged.');
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  const [symbol, text] = byStatus[status] ?? ['ServerError', 'The hub failed to handle the request.'];
  return new HubError(symbol, text);
}
