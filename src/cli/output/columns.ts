import { Failure } from '../../errors/index.ts';
import type { Column } from './output.ts';
import type { Cell, TableColumn } from './table.ts';
import { valueText } from './value-text.ts';

/** The columns of this call: those asked for with `--columns`, or all (the wide ones only in `-o wide`). */
export function chooseColumns<Row>(
  columns: readonly Column<Row>[],
  wanted: readonly string[] | undefined,
  wide: boolean,
): readonly Column<Row>[] {
  if (wanted === undefined) return columns.filter((column) => wide || column.wide !== true);
  return wanted.map((name) => {
    const found = columns.find((column) => column.header.toLowerCase() === name.toLowerCase());
    if (found !== undefined) return found;
    throw new Failure('invalid-value', `--columns: there is no column "${name}"`, {
      hint: `use some of ${columns.map((column) => column.header).join(', ')}`,
    });
  });
}

export function toTableColumns<Row>(columns: readonly Column<Row>[]): TableColumn[] {
  return columns.map((column) => ({ header: column.header, align: column.align ?? 'left', whole: column.whole }));
}

export function toCells<Row>(row: Row, columns: readonly Column<Row>[]): Cell[] {
  return columns.map((column) => ({ text: valueText(column.value(row)), tone: column.tone?.(row) }));
}
