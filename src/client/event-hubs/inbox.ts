import type { ReceivedEventData } from '@azure/event-hubs';

interface Delivery {
  readonly partition: number;
  readonly events: readonly ReceivedEventData[];
}

/** Hands what callbacks bring to a reader, one at a time: each callback waits until its events were taken. */
export interface Inbox extends AsyncIterable<Delivery> {
  /** Resolves when the reader has asked for what comes after these. */
  put(partition: number, events: readonly ReceivedEventData[]): Promise<void>;
  fail(error: unknown): void;
  /** Lets every callback go. */
  close(): void;
}

/** The reader's loop throws the signal's reason when it aborts. */
export function createInbox(signal: AbortSignal | undefined): Inbox {
  const waiting: { readonly delivery: Delivery; readonly taken: () => void }[] = [];
  let news = Promise.withResolvers<void>();
  let failure: { readonly error: unknown } | undefined;
  let closed = false;
  const fail = (error: unknown): void => {
    failure ??= { error };
    news.resolve();
  };
  const onAbort = (): void => fail(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  return {
    put(partition, events) {
      if (closed) return Promise.resolve();
      return new Promise((taken) => {
        waiting.push({ delivery: { partition, events }, taken });
        news.resolve();
      });
    },
    fail,
    close() {
      closed = true;
      signal?.removeEventListener('abort', onAbort);
      for (const { taken } of waiting.splice(0)) taken();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        if (failure !== undefined) throw failure.error;
        const next = waiting.shift();
        if (next === undefined) {
          await news.promise;
          news = Promise.withResolvers();
        } else {
          yield next.delivery;
          next.taken();
        }
      }
    },
  };
}
