/** Hub errors as AMQP says them. Source: device.md §4.8, service.md §8.3. */
import { randomBytes } from 'node:crypto';
import { HubError, type HubErrorSymbol } from '../../protocol/hub-errors.ts';
import { isoTicks } from '../../protocol/time.ts';
import type { Clock } from '../../std/clock.ts';
import type { HubLog } from '../log.ts';
import { DecodeError } from './codec/reader.ts';
import { int, type Writable } from './codec/values.ts';
import { LinkRefusal, type AmqpError } from './route.ts';

/** Errors whose condition does not follow from their status. */
const bySymbol: Readonly<Partial<Record<HubErrorSymbol, string>>> = {
  InvalidOperation: 'amqp:not-allowed',
  IotHubNotFound: 'com.microsoft:iot-hub-not-found-error',
  IotHubSuspended: 'com.microsoft:iot-hub-suspended',
  IotHubQuotaExceeded: 'com.microsoft:quota-exceeded',
  DeviceDisabled: 'amqp:unauthorized-access',
  LinkCreationConflict: 'amqp:link:stolen',
  DeviceMessageLockLost: 'com.microsoft:message-lock-lost',
  MessageTooLarge: 'amqp:link:message-size-exceeded',
};

const byStatus: Readonly<Record<number, string>> = {
  400: 'com.microsoft:argument-error',
  401: 'amqp:unauthorized-access',
  403: 'amqp:resource-limit-exceeded',
  404: 'amqp:not-found',
  405: 'amqp:not-allowed',
  412: 'com.microsoft:precondition-failed',
  413: 'amqp:resource-limit-exceeded',
  415: 'amqp:not-implemented',
  429: 'com.microsoft:device-container-throttled',
  504: 'com.microsoft:timeout',
};

function conditionOf(error: HubError): string {
  return bySymbol[error.symbol] ?? byStatus[error.status] ?? 'amqp:internal-error';
}

/** Whatever was thrown, as the peer may hear it; what is no error of the peer is logged under the tracking id. */
export function toAmqpError(
  thrown: unknown,
  { clock, log }: { readonly clock: Clock; readonly log: HubLog },
): AmqpError {
  if (thrown instanceof LinkRefusal) return thrown.error;
  if (thrown instanceof DecodeError) return { condition: 'amqp:decode-error', description: thrown.message };
  const trackingId = randomBytes(16).toString('hex');
  let error: HubError;
  if (thrown instanceof HubError) {
    error = thrown;
  } else {
    error = new HubError('ServerError', 'The request could not be completed.');
    log.error({ trackingId, err: thrown }, 'an AMQP request failed');
  }
  return {
    condition: conditionOf(error),
    description: JSON.stringify({
      errorCode: error.number,
      trackingId,
      message: error.message,
      timestampUtc: isoTicks(clock.now()),
    }),
    info: new Map<string, Writable>([
      ['com.microsoft:tracking-id', trackingId],
      ['com.microsoft:is-filtered', true],
      ['com.microsoft:error-code', int(error.number)],
    ]),
  };
}
