import type { ProvisionResult } from './row.ts';

const flushAt = 65_536;

/**
 * Passes results on and writes them to a CSV file that only its owner can read (0600): line, deviceId, result, reason,
 * connectionString. The file appears whole at the end; when the run breaks off it holds what had been done by then.
 */
export async function* recordResults(
  results: AsyncIterable<ProvisionResult>,
  path: string,
): AsyncGenerator<ProvisionResult, void, undefined> {
  const { openAtomicWriter } = await import('../../std/atomic-writer.ts');
  const writer = await openAtomicWriter(path, 0o600);
  let pending = 'line,deviceId,result,reason,connectionString\n';
  try {
    try {
      for await (const result of results) {
        pending += csvLine([
          result.line ?? '',
          result.deviceId,
          result.outcome,
          result.reason ?? '',
          result.connectionString ?? '',
        ]);
        if (pending.length >= flushAt) {
          await writer.write(pending);
          pending = '';
        }
        yield result;
      }
    } finally {
      await writer.write(pending);
      await writer.commit();
    }
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

function csvLine(fields: readonly (string | number)[]): string {
  return `${fields.map((field) => (/[",\r\n]/.test(String(field)) ? `"${String(field).replaceAll('"', '""')}"` : String(field))).join(',')}\n`;
}
