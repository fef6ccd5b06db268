/**
 * Runs `work` over `items` with at most `limit` at once and yields results in the order they finish.
 * `work` must not throw for an expected failure: return it. Stops taking new items when `signal` aborts.
 */
export async function* pool<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  limit: number,
  work: (item: Item) => Promise<Result>,
  signal?: AbortSignal,
): AsyncGenerator<Result, void, undefined> {
  const running = new Map<number, Promise<{ id: number; result: Result }>>();
  let next = 0;
  for await (const item of items) {
    if (signal?.aborted === true) break;
    const id = next++;
    running.set(
      id,
      work(item).then((result) => ({ id, result })),
    );
    if (running.size >= limit) yield await settleOne(running);
  }
  while (running.size > 0) yield await settleOne(running);
}

async function settleOne<Result>(running: Map<number, Promise<{ id: number; result: Result }>>): Promise<Result> {
  const { id, result } = await Promise.race(running.values());
  running.delete(id);
  return result;
}
