import { Failure, isFailure, toFailure } from '../../errors/index.ts';
import { identityNames, type IdentityPath } from '../../protocol/identity-path.ts';
import type { Clock } from '../../std/clock.ts';
import { formatDuration } from '../../std/duration.ts';
import { pool } from '../../std/pool.ts';
import type { CloudMessage, Hub, LinkEvent } from '../ports.ts';
import { watchFeedback, type FeedbackWatch } from './feedback-watch.ts';

/** A message for one or many devices. */
export interface OutgoingMessage extends Omit<CloudMessage, 'expiresAt'> {
  /** How long it may wait for its device, milliseconds; the hub's default when absent. */
  readonly expiresAfter?: number | undefined;
}

export interface SendMessagesOptions {
  readonly concurrency: number;
  /** Wait so many milliseconds for the outcome of each message; not at all when absent. */
  readonly waitMs?: number | undefined;
  /** Makes the id of a message that has none. */
  readonly newId: () => string;
  readonly signal?: AbortSignal | undefined;
  readonly onLink?: ((event: LinkEvent) => void) | undefined;
}

/** What became of the message to one device. */
export interface MessageResult {
  /** `DEVICE` or `DEVICE/MODULE`. */
  readonly deviceId: string;
  readonly messageId: string;
  /** `queued`: the hub has it; `delivered`: the device has it. */
  readonly state: 'queued' | 'delivered' | 'failed';
  readonly failure?: Failure;
  readonly durationMs: number;
}

/**
 * Sends a message to each of the devices, `concurrency` at a time, and gives a result for each as it comes. Expected failures are in
 * the results: those of {@link Hub.channel}; with `waitMs` also device-no-answer (it expired, or was given out too often), refused
 * (the device rejected it, or someone purged it) and timed-out. Ends early with a failure that nobody could escape.
 */
export async function* sendMessages(
  hub: Pick<Hub, 'channel'>,
  clock: Clock,
  identities: readonly IdentityPath[],
  message: OutgoingMessage,
  options: SendMessagesOptions,
): AsyncGenerator<MessageResult, void, undefined> {
  const { signal, waitMs, onLink } = options;
  const watch = waitMs === undefined ? undefined : watchFeedback(hub, clock, { signal, onLink });
  try {
    await watch?.ready;
    const send = (identity: IdentityPath): Promise<MessageResult> =>
      sendOne(hub, clock, identity, { ...message, messageId: message.messageId ?? options.newId() }, options, watch);
    for await (const result of pool(identities, options.concurrency, send, signal)) {
      yield result;
      if (isFailure(result.failure, 'not-authorised', 'token-expired', 'tls-untrusted')) throw result.failure;
    }
    signal?.throwIfAborted();
  } finally {
    await watch?.close();
  }
}

/** Never rejects. */
async function sendOne(
  hub: Pick<Hub, 'channel'>,
  clock: Clock,
  identity: IdentityPath,
  { expiresAfter, messageId = '', ...message }: OutgoingMessage,
  { signal, waitMs }: SendMessagesOptions,
  watch: FeedbackWatch | undefined,
): Promise<MessageResult> {
  const startedAt = clock.monotonic();
  const done = (outcome: Pick<MessageResult, 'state' | 'failure'>): MessageResult => ({
    deviceId: identity,
    messageId,
    ...outcome,
    durationMs: Math.round(clock.monotonic() - startedAt),
  });
  try {
    const expiresAt = expiresAfter === undefined ? undefined : clock.now() + expiresAfter;
    await hub.channel.send(identity, { ...message, messageId, expiresAt }, signal);
    if (watch === undefined || waitMs === undefined) return done({ state: 'queued' });
    const record = await watch.outcomeOf(identityNames(identity).deviceId, messageId, waitMs);
    if (record?.statusCode === 'Success') return done({ state: 'delivered' });
    return done({ state: 'failed', failure: undelivered(identity, record?.statusCode, waitMs) });
  } catch (error) {
    return done({ state: 'failed', failure: toFailure(error) });
  }
}

/** Source: device.md §8. */
function undelivered(identity: IdentityPath, statusCode: string | undefined, waitMs: number): Failure {
  const details = { deviceId: identity, ...(statusCode !== undefined && { outcome: statusCode }) };
  switch (statusCode) {
    case undefined:
      return new Failure(
        'timed-out',
        `nothing was heard of the message to ${identity} within ${formatDuration(waitMs)}`,
        {
          hint: 'it may still be delivered; iotctl tail feedback goes on listening',
          details,
        },
      );
    case 'Rejected':
      return new Failure('refused', `${identity} rejected the message`, { details });
    case 'Purged':
      return new Failure('refused', `the message to ${identity} was purged before it was delivered`, { details });
    case 'Expired':
      return new Failure('device-no-answer', `the message to ${identity} expired before it was delivered`, {
        hint: `iotctl device show ${identity} says when it was last seen; give it longer with --expiry`,
        details,
      });
    default:
      return new Failure('device-no-answer', `the message to ${identity} was not delivered: ${statusCode}`, {
        hint: `iotctl message list ${identity} --dead`,
        details,
      });
  }
}
