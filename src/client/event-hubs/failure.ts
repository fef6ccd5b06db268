/** What an error of the Event Hubs package means to the user. */
import { Failure, isFailure, type FailureCode } from '../../errors/index.ts';
import { messageOf } from '../../std/message-of.ts';

const codes: Readonly<Record<string, readonly [code: FailureCode, hint?: string]>> = {
  UnauthorizedError: ['not-authorised', 'the key is wrong or its policy lacks ServiceConnect: iotctl doctor'],
  MessagingEntityNotFoundError: ['not-found', 'is there such a consumer group? choose another with --consumer-group'],
  ReceiverDisconnectedError: [
    'conflict',
    'another program took over this consumer group; choose another with --consumer-group',
  ],
  QuotaExceededError: [
    'quota-exceeded',
    'five programs read with this consumer group already; choose another with --consumer-group',
  ],
  ArgumentError: ['refused'],
  ArgumentOutOfRangeError: ['refused'],
  ServerBusyError: ['throttled'],
};

export function failureOfEventHub(error: unknown, hostName: string): Failure {
  if (isFailure(error)) return error;
  const name = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const text = messageOf(error).split('\n', 1)[0] ?? '';
  const known = codes[name];
  if (known !== undefined) {
    const [code, hint] = known;
    return new Failure(code, `cannot read telemetry of ${hostName}: ${text}`, {
      hint,
      cause: error,
      retryable: code === 'throttled',
    });
  }
  return new Failure('hub-unreachable', `the telemetry endpoint of ${hostName} cannot be reached: ${text}`, {
    cause: error,
    retryable: mayRecover(error),
  });
}

/** The package says of each error whether it may pass. */
export function mayRecover(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'retryable' in error && error.retryable === true;
}
