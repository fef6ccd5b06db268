import { chooseColumns } from './columns.ts';
import type { OutputOptions } from './create-output.ts';
import { csvKeys, csvLine, csvRow } from './csv.ts';
import type { ListView } from './output.ts';
import { collect, writeLines, type Rows } from './render-list.ts';

/** A list as CSV: the columns asked for, or every top-level key of the rows. */
export async function writeCsv<Row>(rows: Rows<Row>, view: ListView<Row>, options: OutputOptions): Promise<void> {
  if (options.columns !== undefined) {
    const columns = chooseColumns(view.columns, options.columns, true);
    await options.writer.write(csvLine(columns.map((column) => column.header)));
    return writeLines(rows, (row) => csvLine(columns.map((column) => column.value(row))), undefined, options);
  }
  // The header names the keys of every row, so all have to be seen first.
  const all = await collect(rows, view);
  if (all.length === 0) return;
  const keys = csvKeys(all);
  await options.writer.write(csvLine(keys));
  return writeLines(all, (row) => csvRow(row, keys), undefined, options);
}
