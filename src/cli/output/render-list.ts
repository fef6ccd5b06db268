import type { OutputOptions } from './create-output.ts';
import type { ListView } from './output.ts';
import { safeJson, safeText } from './safe-text.ts';

const chunkCharacters = 64 * 1024;

export type Rows<Row> = Iterable<Row> | AsyncIterable<Row>;

/** A list that ends, in the format of this call. What only one format needs is loaded for it alone. */
export async function renderList<Row>(rows: Rows<Row>, view: ListView<Row>, options: OutputOptions): Promise<void> {
  if (options.pick !== undefined) {
    const { renderPicked } = await import('./render-picked.ts');
    return renderPicked(options.pick(await collect(rows, view)), options);
  }
  switch (options.format) {
    case 'json':
      return writeJsonArray(rows, view, options);
    case 'ndjson':
      return writeLines(rows, (row) => `${JSON.stringify(view.json(row))}\n`, safeJson, options);
    case 'name':
      return writeLines(rows, (row) => `${safeText(view.name(row))}\n`, undefined, options);
    case 'yaml': {
      const { yamlText } = await import('./yaml.ts');
      return options.writer.write(await yamlText(await collect(rows, view)));
    }
    case 'csv': {
      const { writeCsv } = await import('./list-csv.ts');
      return writeCsv(rows, view, options);
    }
    case 'table':
    case 'wide':
    case 'lines':
    case 'raw': {
      const { writeTable } = await import('./list-table.ts');
      return writeTable(rows, view, options);
    }
  }
}

/** All rows as JSON, for formats that need the whole. */
export async function collect<Row>(rows: Rows<Row>, view: ListView<Row>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const row of rows) all.push(view.json(row));
  return all;
}

/** Joins lines into large writes. `finish` makes a whole chunk safe at once, which is far cheaper than line by line. */
export async function writeLines<Row>(
  rows: Rows<Row>,
  line: (row: Row) => string,
  finish: ((chunk: string) => string) | undefined,
  { writer }: OutputOptions,
): Promise<void> {
  let chunk = '';
  for await (const row of rows) {
    chunk += line(row);
    if (chunk.length < chunkCharacters) continue;
    await writer.write(finish?.(chunk) ?? chunk);
    chunk = '';
  }
  if (chunk !== '') await writer.write(finish?.(chunk) ?? chunk);
}

async function writeJsonArray<Row>(rows: Rows<Row>, view: ListView<Row>, options: OutputOptions): Promise<void> {
  let first = true;
  const line = (row: Row): string => {
    const lead = first ? '[\n' : ',\n';
    first = false;
    if (!options.isTTY) return lead + JSON.stringify(view.json(row) ?? null);
    return `${lead}  ${JSON.stringify(view.json(row) ?? null, null, 2).replaceAll('\n', '\n  ')}`;
  };
  await writeLines(rows, line, safeJson, options);
  await options.writer.write(first ? '[]\n' : '\n]\n');
}
