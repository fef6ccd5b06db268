/** The three forms in which a hub tells an error. Source: service.md §0.4. */
import { hubErrors } from '../../protocol/hub-errors.ts';
import { isJsonObject, parseJsonObject, type JsonObject } from '../../std/json.ts';

export interface HubAnswerError {
  /** Symbol such as `DeviceNotFound`, '' when the answer has none. */
  readonly symbol: string;
  /** Six-digit number, 0 when unknown. */
  readonly number: number;
  /** The hub's words, '' when it has none. */
  readonly text: string;
  readonly trackingId: string | undefined;
  readonly info: JsonObject | undefined;
}

const longestText = 500;

/** Reads an error answer; never throws, whatever the body is. */
export function parseErrorBody(body: string, errorCodeHeader: string | undefined): HubAnswerError {
  const envelope = parseJsonObject(body);
  const inner =
    envelope === undefined ? undefined : (structuredForm(envelope) ?? nestedForm(envelope) ?? classicForm(envelope));
  const symbol = errorCodeHeader ?? inner?.symbol ?? '';
  const number = inner?.number || numberOf(symbol);
  return {
    symbol: symbol === '' ? symbolOf(number) : symbol,
    number,
    text: (inner?.text ?? '').slice(0, longestText),
    trackingId: inner?.trackingId,
    info: inner?.info,
  };
}

/** `{"errorCode":409301,"message":"…","trackingId":"…","info":null}` */
function structuredForm(value: JsonObject): HubAnswerError | undefined {
  const { errorCode, message, trackingId, info } = value;
  if (typeof errorCode !== 'number' && typeof errorCode !== 'string') return undefined;
  const number = Number(errorCode);
  return {
    symbol: Number.isInteger(number) ? symbolOf(number) : String(errorCode),
    number: Number.isInteger(number) ? number : numberOf(String(errorCode)),
    text: typeof message === 'string' ? message : '',
    trackingId: typeof trackingId === 'string' ? trackingId : undefined,
    info: isJsonObject(info) ? info : undefined,
  };
}

/** The classic form whose `Message` is the structured form as a text; direct methods answer so. */
function nestedForm(value: JsonObject): HubAnswerError | undefined {
  const message = value['Message'];
  if (typeof message !== 'string' || !message.trimStart().startsWith('{')) return undefined;
  const inner = parseJsonObject(message);
  return inner === undefined ? undefined : structuredForm(inner);
}

/** `{"Message":"ErrorCode:DeviceNotFound;text","ExceptionMessage":"Tracking ID:…"}` */
function classicForm(value: JsonObject): HubAnswerError | undefined {
  const message = value['Message'] ?? value['message'];
  if (typeof message !== 'string') return undefined;
  const exception = value['ExceptionMessage'];
  const tracking = typeof exception === 'string' ? /Tracking ID:\s*([\w:-]{1,100})/i.exec(exception)?.[1] : undefined;
  const match = /^ErrorCode:(\w{1,100});?/.exec(message);
  const symbol = match?.[1] ?? '';
  return {
    symbol,
    number: numberOf(symbol),
    text: message.slice(match?.[0].length ?? 0).trim(),
    trackingId: tracking,
    info: undefined,
  };
}

function numberOf(symbol: string): number {
  return Object.hasOwn(hubErrors, symbol) ? hubErrors[symbol as keyof typeof hubErrors] : 0;
}

function symbolOf(number: number): string {
  return Object.entries(hubErrors).find(([, value]) => value === number)?.[0] ?? '';
}
