import { pad, textWidth, truncate } from './text-width.ts';
import type { Paint } from './colour.ts';
import type { Tone } from './output.ts';

export interface Cell {
  /** Safe text. */
  readonly text: string;
  readonly tone?: Tone | undefined;
}

export interface TableColumn {
  readonly header: string;
  readonly align: 'left' | 'right';
  /** Never cut. */
  readonly whole?: boolean | undefined;
}

/** Where a chunk stands in its table: the first has the header, the last the closing border. */
interface ChunkPlace {
  readonly first: boolean;
  readonly last: boolean;
}

/** Rows become text in chunks, at widths that were decided once. */
export type ChunkRenderer = (rows: readonly (readonly Cell[])[], place: ChunkPlace) => string;

const narrowest = 6;

/** Widths that hold the header and the sample. */
export function measure(columns: readonly TableColumn[], sample: readonly (readonly Cell[])[]): number[] {
  return columns.map((column, index) =>
    sample.reduce((widest, row) => Math.max(widest, textWidth(row[index]?.text ?? '')), textWidth(column.header)),
  );
}

/**
 * Narrows the widest columns until all fit in `available`, none below six columns. The first one names its row, and what is
 * cut cannot be copied: it keeps up to half of the room as long as the others can give way.
 */
export function fit(widths: readonly number[], available: number): number[] {
  const [first = 0, ...others] = widths;
  const kept = Math.min(first, Math.floor(available / 2));
  const narrowed = narrow(others, available - kept);
  const left = available - narrowed.reduce((sum, width) => sum + width, 0);
  return left < kept ? narrow(widths, available) : [Math.min(first, left), ...narrowed].slice(0, widths.length);
}

function narrow(widths: readonly number[], available: number): number[] {
  const fitted = [...widths];
  let excess = fitted.reduce((sum, width) => sum + width, 0) - available;
  while (excess > 0) {
    const widest = Math.max(...fitted);
    if (widest <= narrowest) break;
    const next = Math.max(narrowest, ...fitted.filter((width) => width < widest));
    const index = fitted.indexOf(widest);
    const step = Math.max(1, Math.min(excess, widest - next));
    fitted[index] = widest - step;
    excess -= step;
  }
  return fitted;
}

/** Plain aligned columns, two spaces apart: for pipes and for streams. Only `cut` shortens what does not fit. */
export function plainTable(
  columns: readonly TableColumn[],
  widths: readonly number[],
  options: { paint: Paint; cut: boolean },
): ChunkRenderer {
  const line = (cells: readonly Cell[]): string =>
    cells
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        const text = options.cut ? truncate(cell.text, width) : cell.text;
        const align = columns[index]?.align ?? 'left';
        const padded = index === cells.length - 1 && align === 'left' ? text : pad(text, width, align);
        return options.paint(padded, cell.tone);
      })
      .join('  ')
      .trimEnd();
  return (rows, { first }) =>
    (first ? [headerCells(columns), ...rows] : rows)
      .map(
        (row) => `${line(row)}
`,
      )
      .join('');
}

export function headerCells(columns: readonly TableColumn[]): Cell[] {
  return columns.map(({ header }) => ({ text: header, tone: 'accent' }));
}
