import { setTimeout as delay } from 'node:timers/promises';
import type { Ask } from './service.ts';

/** Says the same twice: at the top of a condition an index answers it, inside NOT the devices are looked at one by one. */
export const indexedQuery = "SELECT * FROM devices WHERE tags.lot = 'lot-7'";
export const scannedQuery = "SELECT * FROM devices WHERE NOT tags.lot != 'lot-7'";

/** How many devices have the tag: as many as one page holds. */
export const lotSize = 100;

const indexDeadlineMs = 120_000;

/** Milliseconds of one query, whose first page must have so many rows. */
export async function timeQuery(ask: Ask, query: string, rows = lotSize): Promise<number> {
  const { ms, body } = await ask('POST', '/devices/query', { body: { query } });
  if (!Array.isArray(body) || body.length !== rows)
    throw new Error(`the query found ${Array.isArray(body) ? body.length : 'no'} devices instead of ${rows}`);
  return ms;
}

/** The first query has the index made; it is there when the same question takes a fraction of the time. Answers how long that took. */
export async function waitForIndex(ask: Ask): Promise<number> {
  const begin = performance.now();
  await timeQuery(ask, indexedQuery);
  while (performance.now() - begin < indexDeadlineMs) {
    const withIndex = await timeQuery(ask, indexedQuery);
    if (withIndex < (await timeQuery(ask, scannedQuery)) / 2) return performance.now() - begin;
    await delay(100);
  }
  throw new Error('the tag was not indexed in time');
}
