import { lineOfRow } from '../export/fleet-row.ts';
import type { ImportResult } from './import-fleet.ts';

const flushAt = 65_536;

/**
 * Passes results on and writes the rows that failed to a file that only its owner can read (0600), as NDJSON that can be imported
 * again. The file appears at the end, also when the run breaks off; it is not made when nothing failed.
 */
export async function* recordFailures(
  results: AsyncIterable<ImportResult>,
  path: string,
): AsyncGenerator<ImportResult, void, undefined> {
  const { openAtomicWriter } = await import('../../std/atomic-writer.ts');
  const writer = await openAtomicWriter(path, 0o600);
  let waiting = '';
  let failed = 0;
  try {
    try {
      for await (const result of results) {
        if (result.outcome === 'failed' && result.row !== undefined) {
          failed += 1;
          waiting += `${JSON.stringify({ ...lineOfRow(result.row), error: result.reason ?? '' })}\n`;
        }
        if (waiting.length >= flushAt) {
          await writer.write(waiting);
          waiting = '';
        }
        yield result;
      }
    } finally {
      if (failed > 0) {
        await writer.write(waiting);
        await writer.commit();
      }
    }
  } finally {
    await writer.abort();
  }
}
