import type { Clock } from '../../std/clock.ts';
import { toFailure, type Failure } from '../../errors/index.ts';
import type { FeedbackRecord, Hub, LinkEvent } from '../ports.ts';

/** What the hub tells of messages, by device and message id. */
export interface FeedbackWatch {
  /** Resolves when the hub listens to us: what is sent from now on is not missed. Rejects when it does not. */
  readonly ready: Promise<void>;
  /** Resolves with the record of a message, or with undefined when the time is up; rejects when the link is lost for good. */
  outcomeOf(deviceId: string, messageId: string, timeoutMs: number): Promise<FeedbackRecord | undefined>;
  /** Stops listening. The lot that was given last stays with the hub, for other readers. */
  close(): Promise<void>;
}

export interface FeedbackWatchOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onLink?: ((event: LinkEvent) => void) | undefined;
}

/** Listens to the feedback of the hub. Records that are asked for later are kept: they are small, and of this hub's last hour. */
export function watchFeedback(
  hub: Pick<Hub, 'channel'>,
  clock: Clock,
  { signal, onLink }: FeedbackWatchOptions,
): FeedbackWatch {
  const stop = new AbortController();
  const ready = Promise.withResolvers<void>();
  const early = new Map<string, FeedbackRecord>();
  const waiting = new Map<string, (record: FeedbackRecord | Failure) => void>();
  let failure: Failure | undefined;

  async function listen(): Promise<void> {
    const stops = signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]);
    try {
      for await (const records of hub.channel.feedback({ signal: stops, onLink, onReady: ready.resolve })) {
        for (const record of records) note(record);
      }
    } catch (error) {
      if (stop.signal.aborted) return;
      failure = toFailure(error);
      ready.reject(failure);
      for (const answer of waiting.values()) answer(failure);
    }
  }

  function note(record: FeedbackRecord): void {
    const key = keyOf(record.deviceId, record.originalMessageId);
    const answer = waiting.get(key);
    if (answer === undefined) early.set(key, record);
    else answer(record);
  }

  const listening = listen();
  // Whoever does not wait for it hears of the failure with the outcome.
  ready.promise.catch(() => undefined);
  return {
    ready: ready.promise,
    outcomeOf(deviceId, messageId, timeoutMs) {
      const key = keyOf(deviceId, messageId);
      const found = early.get(key);
      if (found !== undefined) return Promise.resolve(found);
      if (failure !== undefined) return Promise.reject(failure);
      return new Promise((resolve, reject) => {
        const cancel = clock.after(timeoutMs, () => {
          waiting.delete(key);
          resolve(undefined);
        });
        waiting.set(key, (answer) => {
          cancel();
          waiting.delete(key);
          if ('statusCode' in answer) resolve(answer);
          else reject(answer);
        });
      });
    },
    async close() {
      stop.abort();
      await listening;
    },
  };
}

/** Ids hold no line breaks. */
function keyOf(deviceId: string, messageId: string): string {
  return `${deviceId}\n${messageId}`;
}
