import { setTimeout as delay } from 'node:timers/promises';
import type { Ask } from './service.ts';

/** Says the same twice: at the top of a condition an index answers it, inside NOT the devices are looked at one by one. */
export const indexedQuery = "SELECT * FROM devices WHERE tags.lot = 'lot-7'";
export const scannedQuery = "SELECT * FROM devices WHERE NOT tags.lot != 'lot-7'";

/** How many devices have the tag: as many as one page holds. */
export const lotSize = 100;

const indexDeadlineMs = 300_000;
/** Beside the time that a page of twins needs anyway. */
const clearlyFaster = 0.7;

/** Milliseconds of one query, whose first page must have so many rows. */
export async function timeQuery(ask: Ask, query: string, rows = lotSize): Promise<number> {
  const { ms, body } = await ask('POST', '/devices/query', { body: { query } });
  if (!Array.isArray(body) || body.length !== rows)
    throw new Error(`the query found ${Array.isArray(body) ? body.length : 'no'} devices instead of ${rows}`);
  return ms;
}

/**
 * The first query has the index made; it is there when the same question is answered faster than without it, twice in a row. Answers
 * how long that took.
 */
export async function waitForIndex(ask: Ask): Promise<number> {
  const begin = performance.now();
  for (let faster = 0; performance.now() - begin < indexDeadlineMs; await delay(50)) {
    const [withIndex, without] = [await fastest(ask, indexedQuery), await fastest(ask, scannedQuery)];
    faster = withIndex < without * clearlyFaster ? faster + 1 : 0;
    if (faster === 2) return performance.now() - begin;
  }
  throw new Error('the tag was not indexed in time');
}

/** Of three, because others on the machine make single ones slow; infinite when the hub gave up, as it does after half a minute. */
async function fastest(ask: Ask, query: string): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let time = 0; time < 3; time++) {
    const took = timeQuery(ask, query).catch((error: unknown) => {
      if (String(error).includes('took longer than')) return Number.POSITIVE_INFINITY;
      throw error;
    });
    least = Math.min(least, await took);
  }
  return least;
}
