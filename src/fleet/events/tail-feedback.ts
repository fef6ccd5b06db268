import { Failure } from '../../errors/index.ts';
import type { Clock } from '../../std/clock.ts';
import type { FeedbackRecord, Hub, LinkEvent } from '../ports.ts';

export interface FeedbackRequest {
  /** Stop after so many records; the rest of their lot is given too, because it is off the hub's queue. */
  readonly count?: number | undefined;
  /** Stop after so many milliseconds. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onLink?: ((event: LinkEvent) => void) | undefined;
  readonly onReady?: (() => void) | undefined;
}

/**
 * Takes feedback off the hub's queue. Failures: timed-out (a `count` was asked for and not reached), and those of the channel.
 */
export async function* tailFeedback(
  hub: Pick<Hub, 'channel'>,
  clock: Clock,
  { count, timeout, signal, onLink, onReady }: FeedbackRequest,
): AsyncGenerator<readonly FeedbackRecord[], void, undefined> {
  const timeUp = new AbortController();
  const cancel = timeout === undefined ? () => undefined : clock.after(timeout, () => timeUp.abort());
  const stop = signal === undefined ? timeUp.signal : AbortSignal.any([timeUp.signal, signal]);
  let taken = 0;
  let isDown = false;
  // Every try of the channel tells of the loss; a person wants to hear of it once.
  const tellLink = (event: LinkEvent): void => {
    if (event.kind === 'restored' || !isDown) onLink?.(event);
    isDown = event.kind === 'lost';
  };
  try {
    for await (const records of hub.channel.feedback({ signal: stop, onLink: tellLink, onReady })) {
      taken += records.length;
      yield records;
      if (count !== undefined && taken >= count) return;
    }
  } catch (error) {
    if (!timeUp.signal.aborted || signal?.aborted === true) throw error;
  } finally {
    cancel();
  }
  if (count !== undefined) {
    throw new Failure('timed-out', `the time limit ran out with ${taken} of ${count} records`, {
      hint: 'give it longer with --timeout; the hub gives feedback out in batches of up to 15 s',
    });
  }
}
