import { isFailure } from '../../errors/index.ts';
import { parseQuery } from '../../protocol/query/index.ts';
import type { JsonObject } from '../../std/json.ts';
import type { Hub } from '../ports.ts';
import { withPlace } from './with-place.ts';

export interface QueryOptions {
  readonly pageSize?: number | undefined;
  /** At most this many rows. */
  readonly top?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A query with its rows, and its columns where they are known before the rows are. */
export interface QueryResult {
  /** Names of the selected columns, undefined for `SELECT *`. */
  readonly columns: readonly string[] | undefined;
  readonly rows: AsyncIterable<JsonObject>;
}

/** Runs a query. Failure `invalid-query`, with the place in the text when it is known. */
export function runQuery(hub: Pick<Hub, 'queries'>, text: string, options: QueryOptions = {}): QueryResult {
  return { columns: columnsOf(text), rows: rowsOf(hub, text, options) };
}

async function* rowsOf(
  hub: Pick<Hub, 'queries'>,
  text: string,
  options: QueryOptions,
): AsyncGenerator<JsonObject, void, undefined> {
  const { pageSize, signal } = options;
  let remaining = options.top ?? Number.POSITIVE_INFINITY;
  if (remaining <= 0) return;
  try {
    for await (const page of hub.queries.query(text, {
      ...(pageSize !== undefined && { pageSize }),
      ...(signal && { signal }),
    })) {
      for (const row of page) {
        yield row;
        if (--remaining <= 0) return;
      }
    }
  } catch (error) {
    throw isFailure(error, 'invalid-query') ? withPlace(error, text, parseQuery) : error;
  }
}

function columnsOf(text: string): readonly string[] | undefined {
  try {
    const { select } = parseQuery(text);
    return select === 'all' ? undefined : select.map(({ name }) => name);
  } catch {
    // The hub has the last word on what it understands; the rows then tell the columns.
    return undefined;
  }
}
