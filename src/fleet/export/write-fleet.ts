import { createReadStream } from 'node:fs';
import { open, unlink } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { FleetRow } from './fleet-row.ts';
import { lineOfRow } from './fleet-row.ts';
import { jsonText } from './json-text.ts';
import { cellsOf, createLayout, headerOf } from './csv-columns.ts';

export type FleetFormat = 'ndjson' | 'csv';

type Pages = AsyncIterable<readonly FleetRow[]>;

/** The format that a file's name asks for; NDJSON unless it ends in `.csv`. */
export function formatOfName(name: string): FleetFormat {
  return name.toLowerCase().endsWith('.csv') ? 'csv' : 'ndjson';
}

/** The rows as text, piece by piece. */
export async function* ndjsonText(pages: Pages): AsyncGenerator<string, void, undefined> {
  for await (const page of pages) {
    if (page.length > 0) yield page.map((row) => `${jsonText(lineOfRow(row))}\n`).join('');
  }
}

/**
 * The rows as CSV. Its first line names the members of every row, so the rows wait in a file (0600) that is removed at the end, for
 * `spool` a path where such a file may stand.
 */
export async function* csvText(pages: Pages, spool: string): AsyncGenerator<string, void, undefined> {
  const columns = createLayout();
  const file = await open(spool, 'wx', 0o600);
  try {
    try {
      for await (const page of pages) {
        page.forEach((row) => columns.add(row));
        if (page.length > 0) await file.appendFile(page.map((row) => `${JSON.stringify(row)}\n`).join(''));
      }
    } finally {
      await file.close();
    }
    const layout = columns.layout();
    yield csvLine(headerOf(layout));
    let waiting = '';
    for await (const line of createInterface({ input: createReadStream(spool, 'utf8') })) {
      waiting += csvLine(cellsOf(JSON.parse(line) as FleetRow, layout));
      if (waiting.length < flushAt) continue;
      yield waiting;
      waiting = '';
    }
    yield waiting;
  } finally {
    await unlink(spool).catch(() => undefined);
  }
}

const flushAt = 65_536;

function csvLine(fields: readonly string[]): string {
  return `${fields.map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',')}\n`;
}

/** Writes a file that appears whole or not at all and that only its owner can read. Failures: those of the file system. */
export async function writeFleetFile(path: string, text: AsyncIterable<string>): Promise<void> {
  const { openAtomicWriter } = await import('../../std/atomic-writer.ts');
  const writer = await openAtomicWriter(path, 0o600);
  try {
    for await (const piece of text) await writer.write(piece);
    await writer.commit();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
