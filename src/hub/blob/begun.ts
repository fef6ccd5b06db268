/** The same pieces, once the first of them is there: what fails at the beginning is known before an answer has begun. */
export async function begun<Piece>(pieces: AsyncIterable<Piece>): Promise<AsyncIterable<Piece>> {
  const iterator = pieces[Symbol.asyncIterator]();
  let first: IteratorResult<Piece> | undefined = await iterator.next();
  // No generator: one that is ended before it began would leave the pieces open.
  const all: AsyncIterator<Piece> = {
    next() {
      const next = first === undefined ? iterator.next() : Promise.resolve(first);
      first = undefined;
      return next;
    },
    return: () => iterator.return?.() ?? Promise.resolve({ done: true, value: undefined }),
  };
  return { [Symbol.asyncIterator]: () => all };
}
