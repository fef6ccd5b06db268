import { Failure } from '../../errors/index.ts';
import type { Clock } from '../../std/clock.ts';
import type { Hub, LinkEvent, UploadNotice } from '../ports.ts';

export interface UploadsRequest {
  /** Stop after so many notices. */
  readonly count?: number | undefined;
  /** Stop after so many milliseconds. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onLink?: ((event: LinkEvent) => void) | undefined;
  readonly onReady?: (() => void) | undefined;
}

/**
 * Takes notices of finished uploads off the hub's queue. Failures: timed-out (a `count` was asked for and not reached), and those of
 * the channel.
 */
export async function* tailUploads(
  hub: Pick<Hub, 'channel'>,
  clock: Clock,
  { count, timeout, signal, onLink, onReady }: UploadsRequest,
): AsyncGenerator<readonly UploadNotice[], void, undefined> {
  const timeUp = new AbortController();
  const cancel = timeout === undefined ? () => undefined : clock.after(timeout, () => timeUp.abort());
  const stop = signal === undefined ? timeUp.signal : AbortSignal.any([timeUp.signal, signal]);
  let taken = 0;
  try {
    for await (const notice of hub.channel.uploads({ signal: stop, onLink, onReady })) {
      taken += 1;
      yield [notice];
      if (count !== undefined && taken >= count) return;
    }
  } catch (error) {
    if (!timeUp.signal.aborted || signal?.aborted === true) throw error;
  } finally {
    cancel();
  }
  if (count !== undefined)
    throw new Failure('timed-out', `the time limit ran out with ${taken} of ${count} uploads`, {
      hint: 'give it longer with --timeout',
    });
}
