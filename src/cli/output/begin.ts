/** Asks for the first item at once, so that a request is on its way while the renderer is still being loaded. */
export function begin<Item>(items: AsyncIterable<Item>): AsyncIterable<Item> {
  const iterator = items[Symbol.asyncIterator]();
  let first: Promise<IteratorResult<Item>> | undefined = iterator.next();
  // Whoever iterates hears of a failure; until then it must not count as unhandled.
  first.catch(() => undefined);
  // Not a generator: that would cost every later item a few turns of the queue.
  const begun: AsyncIterator<Item> = {
    next() {
      const result = first ?? iterator.next();
      first = undefined;
      return result;
    },
    return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
  };
  return { [Symbol.asyncIterator]: () => begun };
}
