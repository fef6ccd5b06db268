/** The first rows of a sequence, and the whole of it with those again at its beginning. */
export async function splitFirst<Row>(
  rows: AsyncIterable<Row>,
  count: number,
): Promise<{ first: readonly Row[]; all: AsyncIterable<Row> }> {
  const iterator = rows[Symbol.asyncIterator]();
  const first: Row[] = [];
  while (first.length < count) {
    const next = await iterator.next();
    if (next.done === true) break;
    first.push(next.value);
  }
  return { first, all: joined(first, iterator) };
}

async function* joined<Row>(first: readonly Row[], rest: AsyncIterator<Row>): AsyncGenerator<Row, void, undefined> {
  try {
    yield* first;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
