import type { OutputOptions } from './create-output.ts';
import { chooseColumns, toCells, toTableColumns } from './columns.ts';
import { csvKeys, csvLine, csvRow } from './csv.ts';
import type { ListView } from './output.ts';
import { renderPicked } from './render-picked.ts';
import { safeJson, safeText } from './safe-text.ts';
import { borderedTable, fit, measure, plainTable } from './table.ts';
import { yamlText } from './yaml.ts';

/** Rows that decide the widths of a table; later rows keep to them, so that a list of any length needs little memory. */
const sampleSize = 1_000;
const chunkSize = 100;
const chunkCharacters = 64 * 1024;

type Rows<Row> = Iterable<Row> | AsyncIterable<Row>;

/** A list that ends, in the format of this call. */
export async function renderList<Row>(rows: Rows<Row>, view: ListView<Row>, options: OutputOptions): Promise<void> {
  if (options.pick !== undefined) {
    const all: unknown[] = [];
    for await (const row of rows) all.push(view.json(row));
    await renderPicked(options.pick(all), options);
    return;
  }
  switch (options.format) {
    case 'json':
      return writeJsonArray(rows, view, options);
    case 'ndjson':
      return writeLines(rows, (row) => `${JSON.stringify(view.json(row))}\n`, safeJson, options);
    case 'name':
      return writeLines(rows, (row) => `${safeText(view.name(row))}\n`, undefined, options);
    case 'yaml': {
      const all: unknown[] = [];
      for await (const row of rows) all.push(view.json(row));
      return options.writer.write(await yamlText(all));
    }
    case 'csv':
      return writeCsv(rows, view, options);
    default:
      return writeTable(rows, view, options);
  }
}

/** Joins lines into large writes. `finish` makes a whole chunk safe at once, which is far cheaper than line by line. */
async function writeLines<Row>(
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

async function writeCsv<Row>(rows: Rows<Row>, view: ListView<Row>, options: OutputOptions): Promise<void> {
  if (options.columns !== undefined) {
    const columns = chooseColumns(view.columns, options.columns, true);
    await options.writer.write(csvLine(columns.map((column) => column.header)));
    return writeLines(rows, (row) => csvLine(columns.map((column) => column.value(row))), undefined, options);
  }
  // The header names the keys of every row, so all have to be seen first.
  const all: unknown[] = [];
  for await (const row of rows) all.push(view.json(row));
  if (all.length === 0) return;
  const keys = csvKeys(all);
  await options.writer.write(csvLine(keys));
  return writeLines(all, (row) => csvRow(row, keys), undefined, options);
}

async function writeTable<Row>(rows: Rows<Row>, view: ListView<Row>, options: OutputOptions): Promise<void> {
  const { writer, paint, notes, isTTY } = options;
  const wide = options.format === 'wide';
  const columns = chooseColumns(view.columns, options.columns, wide);
  const headers = toTableColumns(columns);
  const source = asyncIterator(rows);
  const sample: Row[] = [];
  let next = await source.next();
  while (next.done !== true) {
    sample.push(next.value);
    if (sample.length >= sampleSize) break;
    next = await source.next();
  }
  if (sample.length === 0) {
    notes.info(view.empty ?? 'nothing found');
    return;
  }
  const cells = sample.map((row) => toCells(row, columns));
  const natural = measure(headers, cells);
  const bordered = isTTY && !wide;
  // Each column has a space on both sides and a border; plus the last border.
  const widths = bordered ? fit(natural, options.width - 3 * columns.length - 1) : natural;
  const table = bordered
    ? await borderedTable(headers, widths, paint)
    : plainTable(headers, widths, { paint, cut: false });
  await writer.write(table.head());
  for (let from = 0; from < cells.length; from += chunkSize)
    await writer.write(table.rows(cells.slice(from, from + chunkSize)));
  let chunk: ReturnType<typeof toCells<Row>>[] = [];
  while (next.done !== true) {
    next = await source.next();
    if (next.done !== true) chunk.push(toCells(next.value, columns));
    if (chunk.length >= chunkSize || next.done === true) {
      await writer.write(table.rows(chunk));
      chunk = [];
    }
  }
  await writer.write(table.foot());
}

async function* asyncIterator<Row>(rows: Rows<Row>): AsyncGenerator<Row, void, undefined> {
  yield* rows;
}
