import { isJsonObject, type JsonValue } from '../std/json.ts';
import { canonicalMembers } from './canonical-members.ts';
import { HubError } from './hub-errors.ts';

/** A direct method call as `POST /twins/{id}/methods` takes it. Source: service.md §4, device.md §7. */
export interface MethodRequest {
  methodName: string;
  payload: JsonValue;
  /** 5 to 300, default 30. */
  responseTimeoutInSeconds: number;
  /** 0 to 300, default 0; not above the response timeout. */
  connectTimeoutInSeconds: number;
}

/** The device's own answer; `status` is whatever it returned. */
export interface MethodResponse {
  status: number;
  payload: JsonValue;
}

const methodLimits = {
  nameLength: 100,
  /** UTF-8 bytes of the payload's JSON, each way. */
  payloadBytes: 128 * 1024,
  responseTimeout: { least: 5, most: 300, default: 30 },
  connectTimeout: { least: 0, most: 300, default: 0 },
} as const;

const memberNames = ['methodName', 'payload', 'responseTimeoutInSeconds', 'connectTimeoutInSeconds'] as const;

/**
 * Reads the untrusted body of a method call and fills the defaults.
 * Throws {@link HubError} `ArgumentInvalid`, `ArgumentNull` (no name) or `MessageTooLarge` (payload).
 */
export function parseMethodRequest(body: unknown): MethodRequest {
  if (!isJsonObject(body)) throw new HubError('ArgumentInvalid', 'the method request must be a JSON object');
  const members = canonicalMembers(body, memberNames);
  const methodName = members.get('methodName');
  const problem = methodNameProblem(methodName);
  if (problem !== undefined)
    throw new HubError(methodName === undefined ? 'ArgumentNull' : 'ArgumentInvalid', `methodName ${problem}`);
  const payload = members.get('payload') ?? null;
  checkPayloadSize(JSON.stringify(payload));
  const responseTimeoutInSeconds = readTimeout(
    'responseTimeoutInSeconds',
    members.get('responseTimeoutInSeconds'),
    methodLimits.responseTimeout,
  );
  const connectTimeoutInSeconds = readTimeout(
    'connectTimeoutInSeconds',
    members.get('connectTimeoutInSeconds'),
    methodLimits.connectTimeout,
  );
  if (connectTimeoutInSeconds > responseTimeoutInSeconds) {
    throw new HubError('ArgumentInvalid', 'connectTimeoutInSeconds must not be above responseTimeoutInSeconds');
  }
  return { methodName: methodName as string, payload, responseTimeoutInSeconds, connectTimeoutInSeconds };
}

/** Says why the value cannot name a method, as the end of a sentence; undefined when it can. */
function methodNameProblem(name: unknown): string | undefined {
  if (typeof name !== 'string' || name === '') return 'is missing';
  if (name.length > methodLimits.nameLength) return `is longer than ${methodLimits.nameLength} characters`;
  // The name is a level of the topic that carries the call, so the wildcards are refused beside the documented characters.
  if (!/^[!%&'*\-.0-9A-Z^_`a-z|~]+$/.test(name))
    return "may hold only ASCII letters, digits and ! % & ' * - . ^ _ ` | ~";
  return undefined;
}

/** Reads the body of a device's answer: JSON, or nothing for null. Throws {@link HubError} `BadDeviceResponse`. */
export function parseMethodPayload(text: string): JsonValue {
  if (text.trim() === '') return null;
  try {
    checkPayloadSize(text);
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    const reason = error instanceof HubError ? error.message : 'the answer is not JSON';
    throw new HubError('BadDeviceResponse', `The device sent an answer that cannot be used: ${reason}`);
  }
}

function checkPayloadSize(json: string): void {
  if (Buffer.byteLength(json) > methodLimits.payloadBytes)
    throw new HubError('MessageTooLarge', `the payload is larger than ${methodLimits.payloadBytes} bytes`);
}

function readTimeout(
  name: string,
  value: unknown,
  limits: { readonly least: number; readonly most: number; readonly default: number },
): number {
  if (value === undefined || value === null) return limits.default;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < limits.least || value > limits.most) {
    throw new HubError('ArgumentInvalid', `${name} must be a whole number within [${limits.least}, ${limits.most}]`);
  }
  return value;
}
