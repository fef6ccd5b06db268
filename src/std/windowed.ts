/**
 * Runs `work` over `items` with at most `limit` at once and yields results in the order of the items. `work` must not throw for
 * an expected failure: return it. Stops taking new items when `signal` aborts.
 */
export async function* windowed<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  limit: number,
  work: (item: Item) => Promise<Result>,
  signal?: AbortSignal,
): AsyncGenerator<Result, void, undefined> {
  const window: Promise<Result>[] = [];
  for await (const item of items) {
    if (signal?.aborted === true) break;
    window.push(work(item));
    const first = window.length >= limit ? window.shift() : undefined;
    if (first !== undefined) yield await first;
  }
  for (const result of window) yield await result;
}
