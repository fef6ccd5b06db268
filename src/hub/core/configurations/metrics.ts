import type { QueryService } from '../services.ts';
import { systemQueries, type ConfigurationRecord } from './configuration-record.ts';
import type { TargetCounts } from './evaluate.ts';

const pageSize = 1_000;

/** Counts what a configuration's metrics count; a query that fails gives no result. Source: service.md §7.6. */
export async function measure(
  queries: QueryService,
  record: ConfigurationRecord,
  targets: TargetCounts,
): Promise<Pick<ConfigurationRecord, 'systemResults' | 'metricResults'>> {
  const { targetedCount: _, ...system } = systemQueries(record);
  return {
    systemResults: { targetedCount: targets.get(record.id) ?? 0, ...(await countEach(queries, system)) },
    metricResults: await countEach(queries, record.metricQueries),
  };
}

async function countEach(
  queries: QueryService,
  texts: Readonly<Record<string, string>>,
): Promise<Record<string, number>> {
  const counts: [string, number][] = [];
  for (const [name, text] of Object.entries(texts)) {
    const count = await countRows(queries, text).catch(() => undefined);
    if (count !== undefined) counts.push([name, count]);
  }
  return Object.fromEntries(counts);
}

async function countRows(queries: QueryService, text: string): Promise<number> {
  let count = 0;
  let after: string | undefined;
  do {
    const page = await queries.run(text, { limit: pageSize, after });
    count += page.rows.length;
    after = page.next;
  } while (after !== undefined);
  return count;
}
