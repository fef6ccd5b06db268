import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import type { Ask } from './service.ts';
import type { Workspace } from './workspace.ts';

/** Says the same twice: at the top of a condition an index answers it, inside NOT the devices are looked at one by one. */
export const indexedQuery = "SELECT * FROM devices WHERE tags.lot = 'lot-7'";
export const scannedQuery = "SELECT * FROM devices WHERE NOT tags.lot != 'lot-7'";

/** How many devices have the tag: as many as one page holds. */
export const lotSize = 100;

const indexDeadlineMs = 300_000;

/** Milliseconds of one query, whose first page must have so many rows. */
export async function timeQuery(ask: Ask, query: string, rows = lotSize): Promise<number> {
  const { ms, body } = await ask('POST', '/devices/query', { body: { query } });
  if (!Array.isArray(body) || body.length !== rows)
    throw new Error(`the query found ${Array.isArray(body) ? body.length : 'no'} devices instead of ${rows}`);
  return ms;
}

/**
 * The first query has the index made, of what was there before as well, while other queries go on without it. Whether it is there is asked of
 * the file: how fast a query is answered tells nothing while the two questions cost differently without an index too. Answers how long it took.
 */
export async function waitForIndex(ask: Ask, workspace: Workspace): Promise<number> {
  const begin = performance.now();
  await ask('POST', '/devices/query', { body: { query: indexedQuery } });
  const database = new DatabaseSync(join(workspace.directory, 'hub', 'registry.db'), { readOnly: true });
  try {
    const complete = database.prepare("SELECT 1 FROM property_paths WHERE section = 'tags' AND complete = 1");
    for (; complete.get() === undefined; await delay(50))
      if (performance.now() - begin > indexDeadlineMs) throw new Error('the tag was not indexed in time');
  } finally {
    database.close();
  }
  // The hub looks at its own list after the last step.
  await ask('POST', '/devices/query', { body: { query: indexedQuery } });
  return performance.now() - begin;
}
