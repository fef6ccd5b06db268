import { quoteLiteral } from './glob-condition.ts';

/** Devices of one query: their ids have to fit into its 8192 characters. */
export const idsPerQuery = 100;
const charactersPerQuery = 6_000;

/** Ids in groups that {@link queryOfIds} can name, in order. */
export function* lotsOfIds(ids: Iterable<string>): Generator<string[], void, undefined> {
  let lot: string[] = [];
  let characters = 0;
  for (const id of ids) {
    lot.push(id);
    characters += id.length + 4;
    if (lot.length < idsPerQuery && characters < charactersPerQuery) continue;
    yield lot;
    lot = [];
    characters = 0;
  }
  if (lot.length > 0) yield lot;
}

/** The query for the twins of these devices. */
export function queryOfIds(ids: readonly string[]): string {
  return `SELECT * FROM devices WHERE deviceId IN [${ids.map(quoteLiteral).join(', ')}]`;
}
