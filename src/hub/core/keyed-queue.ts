/** Runs work that shares a key one after another, in the order it was asked for; work without a common key runs at once. */
export interface KeyedQueue {
  run<Result>(keys: readonly string[], work: () => Promise<Result>): Promise<Result>;
}

/** Work takes its place in the lines of all its keys in one step, so two of them can never wait for each other. */
export function createKeyedQueue(): KeyedQueue {
  const tails = new Map<string, Promise<unknown>>();
  return {
    run(keys, work) {
      const before = new Set<Promise<unknown>>();
      for (const key of keys) {
        const tail = tails.get(key);
        if (tail !== undefined) before.add(tail);
      }
      const result = before.size === 0 ? work() : Promise.allSettled(before).then(work);
      for (const key of keys) tails.set(key, result);
      const forget = (): void => {
        for (const key of keys) if (tails.get(key) === result) tails.delete(key);
      };
      result.then(forget, forget);
      return result;
    },
  };
}
