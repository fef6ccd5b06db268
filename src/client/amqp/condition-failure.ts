/** What an AMQP error of a hub means to the user. Source: service.md §8.3, device.md §4.8. */
import { Failure, type FailureCode } from '../../errors/index.ts';

/** An error as a peer sends it with a detach, an end, a close or a rejection. */
export interface Condition {
  readonly condition: string;
  readonly description: string;
  readonly info: Readonly<Record<string, unknown>>;
}

/** Reads what the peer gave as a reason; undefined when it gave none. */
export function readCondition(error: unknown): Condition | undefined {
  if (typeof error !== 'object' || error === null || !('condition' in error)) return undefined;
  const { condition } = error;
  const description = 'description' in error && typeof error.description === 'string' ? error.description : '';
  const info = 'info' in error && typeof error.info === 'object' && error.info !== null ? error.info : {};
  return { condition: String(condition), description, info: { ...info } };
}

const codes: Readonly<Record<string, readonly [code: FailureCode, retryable: boolean]>> = {
  'amqp:not-found': ['not-found', false],
  'amqp:unauthorized-access': ['not-authorised', false],
  'amqp:resource-limit-exceeded': ['quota-exceeded', false],
  'amqp:link:message-size-exceeded': ['refused', false],
  'amqp:link:stolen': ['conflict', false],
  'amqp:link:detach-forced': ['hub-unreachable', true],
  'amqp:connection:forced': ['hub-unreachable', true],
  'amqp:not-allowed': ['refused', false],
  'amqp:not-implemented': ['unsupported', false],
  'com.microsoft:argument-error': ['refused', false],
  'com.microsoft:argument-out-of-range': ['refused', false],
  'com.microsoft:device-container-throttled': ['throttled', true],
  'com.microsoft:server-busy': ['throttled', true],
  'com.microsoft:quota-exceeded': ['quota-exceeded', false],
  'com.microsoft:iot-hub-suspended': ['quota-exceeded', false],
  'com.microsoft:iot-hub-not-found-error': ['hub-unreachable', false],
  'com.microsoft:timeout': ['hub-unreachable', true],
  'amqp:internal-error': ['hub-failed', true],
};

export interface ConditionContext {
  readonly hostName: string;
  /** What was asked, `send a message to pump-1`. */
  readonly action: string;
  readonly deviceId?: string | undefined;
}

export function failureOfCondition(error: Condition, { hostName, action, deviceId }: ConditionContext): Failure {
  const [code, retryable] = codes[error.condition] ?? ['refused', false];
  const details = { condition: error.condition, ...(deviceId !== undefined && { deviceId }) };
  if (code === 'not-found' && deviceId !== undefined)
    return new Failure('device-not-found', `device ${deviceId} does not exist on ${hostName}`, { details });
  if (code === 'not-authorised') {
    return new Failure(code, `${hostName} does not allow this profile to ${action}`, {
      hint: 'the key is wrong or its policy lacks a permission: iotctl doctor',
      details,
    });
  }
  return new Failure(code, `cannot ${action}: ${textOf(error)}`, { details, retryable });
}

/** Hubs write their reason as JSON with a `message`, or as plain text. */
function textOf({ condition, description }: Condition): string {
  if (!description.startsWith('{')) return description === '' ? `the hub answered ${condition}` : description;
  try {
    const { message } = JSON.parse(description) as { message?: unknown };
    return typeof message === 'string' && message !== '' ? message : `the hub answered ${condition}`;
  } catch {
    return description;
  }
}
