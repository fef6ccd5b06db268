/** Asks for the first item at once, so that a request is on its way while the renderer is still being loaded. */
export function begin<Item>(items: AsyncIterable<Item>): AsyncIterable<Item> {
  const iterator = items[Symbol.asyncIterator]();
  const first = iterator.next();
  // Whoever iterates hears of a failure; until then it must not count as unhandled.
  first.catch(() => undefined);
  return { [Symbol.asyncIterator]: () => goOn(iterator, first) };
}

async function* goOn<Item>(
  iterator: AsyncIterator<Item>,
  first: Promise<IteratorResult<Item>>,
): AsyncGenerator<Item, void, undefined> {
  let ended = false;
  try {
    let result = await first;
    while (result.done !== true) {
      yield result.value;
      result = await iterator.next();
    }
    ended = true;
  } finally {
    if (!ended) await iterator.return?.();
  }
}
