import { chooseColumns, toCells, toTableColumns } from './columns.ts';
import type { OutputOptions } from './create-output.ts';
import type { ListView } from './output.ts';
import type { Rows } from './render-list.ts';
import { fit, measure, plainTable, type Cell, type ChunkRenderer, type TableColumn } from './table.ts';

/** Rows that decide the widths; later rows keep to them, so that a list of any length needs little memory. */
const sampleSize = 10_000;
const chunkSize = 100;
/** Columns that a cut table has room for, at least. */
const readable = 10;

/** A list as a table: with borders, cut to the width of a terminal, or plain and whole on a pipe and in `-o wide`. */
export async function writeTable<Row>(rows: Rows<Row>, view: ListView<Row>, options: OutputOptions): Promise<void> {
  const columns = chooseColumns(view.columns, options.columns, options.format === 'wide');
  const waiting: Cell[][] = [];
  let render: ChunkRenderer | undefined;
  let first = true;
  /** Writes all that waits but the rows of one chunk, because only the last chunk closes the table. */
  const write = async (last: boolean): Promise<void> => {
    render ??= await chooseRenderer(toTableColumns(columns), waiting, options);
    const keep = last ? 0 : chunkSize;
    while (waiting.length > keep) {
      const chunk = waiting.splice(0, chunkSize);
      await options.writer.write(render(chunk, { first, last: last && waiting.length === 0 }));
      first = false;
    }
  };
  for await (const row of rows) {
    waiting.push(toCells(row, columns));
    if (waiting.length >= (render === undefined ? sampleSize : 2 * chunkSize)) await write(false);
  }
  if (first && waiting.length === 0) options.notes.info(view.empty ?? 'nothing found');
  else await write(true);
}

/** Each column has a space on both sides and a border; plus the last border. */
function tableWidth(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width + 3, 1);
}

async function chooseRenderer(
  columns: readonly TableColumn[],
  sample: readonly (readonly Cell[])[],
  { paint, isTTY, format, width, notes }: OutputOptions,
): Promise<ChunkRenderer> {
  const natural = measure(columns, sample);
  if (!isTTY || format === 'wide') return plainTable(columns, natural, { paint, cut: false });
  const fitted = fit(natural, width - tableWidth(natural.map(() => 0)));
  const cutsWhole = columns.some(({ whole }, index) => whole === true && (fitted[index] ?? 0) < (natural[index] ?? 0));
  if (cutsWhole) return plainTable(columns, natural, { paint, cut: false });
  const { borderedTable } = await import('./bordered-table.ts');
  if (tableWidth(fitted) <= width || columns.length === 1) return borderedTable(columns, fitted, paint);
  // Cut to less, no column would say anything; the terminal would break the lines of a table that is wider than it is.
  const count = Math.max(1, Math.floor((width - 1) / (readable + 3)));
  const [shown, left] = [columns.slice(0, count), columns.slice(count)];
  notes.info(`no room for ${left.map(({ header }) => header).join(', ')}: -o wide or --columns shows more`);
  const render = borderedTable(shown, fit(natural.slice(0, count), width - tableWidth(shown.map(() => 0))), paint);
  return (rows, place) =>
    render(
      rows.map((row) => row.slice(0, count)),
      place,
    );
}
