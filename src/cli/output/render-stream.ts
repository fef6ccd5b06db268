import type { OutputOptions } from './create-output.ts';
import { chooseColumns, toCells, toTableColumns } from './columns.ts';
import { csvKeys, csvLine, csvRow } from './csv.ts';
import { lineLayout } from './line-layout.ts';
import type { StreamView } from './output.ts';
import { safeJson, safeLines, safeText } from './safe-text.ts';
import { fit, measure, plainTable, type ChunkRenderer } from './table.ts';
import { isJsonObject } from '../../std/json.ts';

/** Turns a batch of rows into the text (or bytes) to write. Some keep a state: the widths, the keys of the header. */
type BatchFormatter<Row> = (rows: readonly Row[]) => string | Uint8Array;

/** Rows as they come. A batch is written before the next is asked for, so a slow reader slows the source down. */
export async function renderStream<Row>(
  batches: AsyncIterable<readonly Row[]>,
  view: StreamView<Row>,
  options: OutputOptions,
): Promise<void> {
  const format = options.pick === undefined ? formatterOf(view, options) : pickedLines(view, options);
  for await (const batch of batches) {
    // Slices keep a huge batch from becoming one huge string.
    for (let from = 0; from < batch.length; from += 1_000) {
      const chunk = format(batch.length <= 1_000 ? batch : batch.slice(from, from + 1_000));
      if (chunk.length > 0) await options.writer.write(chunk);
    }
  }
}

function formatterOf<Row>(view: StreamView<Row>, options: OutputOptions): BatchFormatter<Row> {
  switch (options.format) {
    case 'lines':
      return view.line === undefined
        ? tableFormatter(view, options)
        : lineFormatter(view.line, view.lead ?? 0, options);
    case 'json':
    case 'ndjson':
      return (rows) => safeJson(rows.map((row) => `${JSON.stringify(view.json(row))}\n`).join(''));
    case 'csv':
      return csvFormatter(view, options);
    case 'name':
      return (rows) => rows.map((row) => `${safeText(view.name(row))}\n`).join('');
    case 'raw':
      return rawFormatter(view, options);
    case 'table':
    case 'wide':
    case 'yaml':
      return tableFormatter(view, options);
  }
}

/** `--query` sees each message alone; what it does not find is left out. */
function pickedLines<Row>(view: StreamView<Row>, { pick, format }: OutputOptions): BatchFormatter<Row> {
  return (rows) => {
    const lines: string[] = [];
    for (const row of rows) {
      const value = pick?.(view.json(row));
      if (value === null || value === undefined) continue;
      const bare = typeof value === 'string' && format !== 'json' && format !== 'ndjson';
      lines.push(bare ? `${safeText(value)}\n` : `${safeJson(JSON.stringify(value))}\n`);
    }
    return lines.join('');
  };
}

function lineFormatter<Row>(
  line: NonNullable<StreamView<Row>['line']>,
  lead: number,
  { paint, isTTY, width }: OutputOptions,
): BatchFormatter<Row> {
  if (isTTY) {
    const lay = lineLayout(width, lead, paint);
    return (rows) => rows.map((row) => lay(line(row))).join('');
  }
  const plain = (row: Row): string =>
    line(row)
      .map(([text, tone]) => paint(safeText(text), tone))
      .join('  ');
  return (rows) => rows.map((row) => `${plain(row)}\n`).join('');
}

function csvFormatter<Row>(view: StreamView<Row>, { notes, columns: wanted }: OutputOptions): BatchFormatter<Row> {
  if (wanted !== undefined) {
    const columns = chooseColumns(view.columns, wanted, true);
    let headed = false;
    return (rows) => {
      const head = headed ? '' : csvLine(columns.map((column) => column.header));
      headed = true;
      return head + rows.map((row) => csvLine(columns.map((column) => column.value(row)))).join('');
    };
  }
  let keys: readonly string[] | undefined;
  const unknown = new Set<string>();
  return (rows) => {
    const values = rows.map((row) => view.json(row));
    const head = keys === undefined;
    keys ??= csvKeys(values);
    for (const value of values) {
      for (const key of isJsonObject(value) ? Object.keys(value) : []) {
        if (keys.includes(key) || unknown.has(key) || unknown.size > 100) continue;
        unknown.add(key);
        notes.warn(`"${key}" is not in the header of this CSV and is left out`);
      }
    }
    const known = keys;
    return (head ? csvLine(known) : '') + values.map((value) => csvRow(value, known)).join('');
  };
}

/** Bytes as they are on a pipe; on a terminal they are text, so they have to be safe. */
function rawFormatter<Row>(view: StreamView<Row>, { isTTY }: OutputOptions): BatchFormatter<Row> {
  const bytesOf = (row: Row): Uint8Array => view.raw?.(row) ?? Buffer.from(JSON.stringify(view.json(row)));
  const newline = Buffer.from('\n');
  if (!isTTY) return (rows) => Buffer.concat(rows.flatMap((row) => [bytesOf(row), newline]));
  return (rows) => rows.map((row) => `${safeLines(Buffer.from(bytesOf(row)).toString('utf8'))}\n`).join('');
}

/** Plain columns; the first batch decides the widths. */
function tableFormatter<Row>(view: StreamView<Row>, options: OutputOptions): BatchFormatter<Row> {
  const columns = chooseColumns(view.columns, options.columns, options.format === 'wide');
  const headers = toTableColumns(columns);
  let render: ChunkRenderer | undefined;
  return (rows) => {
    if (rows.length === 0) return '';
    const cells = rows.map((row) => toCells(row, columns));
    if (render !== undefined) return render(cells, { first: false, last: false });
    const natural = measure(headers, cells);
    const widths = options.isTTY ? fit(natural, options.width - 2 * (columns.length - 1)) : natural;
    render = plainTable(headers, widths, { paint: options.paint, cut: options.isTTY });
    return render(cells, { first: true, last: false });
  };
}
