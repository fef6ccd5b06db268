/** Hands events from callbacks to a reader, in order. A reader that is slower than the events loses the oldest, never memory. */
export interface EventQueue<Item> extends AsyncIterable<readonly Item[]> {
  push(item: Item): void;
  /** Ends the reader after what is there, with an error where one is given. */
  end(error?: unknown): void;
}

export function eventQueue<Item>(limit: number): EventQueue<Item> {
  let waiting: Item[] = [];
  let ended: { error?: unknown } | undefined;
  let news = Promise.withResolvers<void>();
  return {
    push: (item) => {
      if (waiting.length >= limit) waiting.shift();
      waiting.push(item);
      news.resolve();
    },
    end: (error) => {
      ended ??= error === undefined ? {} : { error };
      news.resolve();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        if (waiting.length > 0) {
          const batch = waiting;
          waiting = [];
          yield batch;
        } else if (ended !== undefined) {
          if ('error' in ended) throw ended.error;
          return;
        } else {
          news = Promise.withResolvers();
          await news.promise;
        }
      }
    },
  };
}
