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
}

/** Rows become text in chunks, at widths that were decided once. */
export interface TableRenderer {
  head(): string;
  rows(cells: readonly (readonly Cell[])[]): string;
  foot(): string;
}

const narrowest = 6;

/** Widths that hold the header and the sample. */
export function measure(columns: readonly TableColumn[], sample: readonly (readonly Cell[])[]): number[] {
  return columns.map((column, index) =>
    sample.reduce((widest, row) => Math.max(widest, textWidth(row[index]?.text ?? '')), textWidth(column.header)),
  );
}

/** Narrows the widest columns until all fit in `available`, none below six columns. */
export function fit(widths: readonly number[], available: number): number[] {
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
): TableRenderer {
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
  return {
    head: () => `${line(columns.map((column) => ({ text: column.header })))}\n`,
    rows: (cells) => cells.map((row) => `${line(row)}\n`).join(''),
    foot: () => '',
  };
}

/**
 * A table with borders for a terminal. cli-table3 is quadratic in its rows, so it gets them in small chunks at fixed
 * widths, and the borders of the chunks are left out where two meet.
 */
export async function borderedTable(
  columns: readonly TableColumn[],
  widths: readonly number[],
  paint: Paint,
): Promise<TableRenderer> {
  const { default: Table } = await import('cli-table3');
  const render = (
    head: readonly string[],
    rows: readonly (readonly string[])[],
    edges: Readonly<Record<string, string>>,
  ): string => {
    const table = new Table({
      head: [...head],
      colWidths: widths.map((width) => width + 2),
      colAligns: columns.map((column) => column.align),
      style: { head: [], border: [] },
      chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '', ...edges },
    });
    for (const row of rows) table.push([...row]);
    return `${table.toString()}\n`;
  };
  const noEdge = (side: 'top' | 'bottom'): Record<string, string> => ({
    [side]: '',
    [`${side}-mid`]: '',
    [`${side}-left`]: '',
    [`${side}-right`]: '',
  });
  const rule = (left: string, middle: string, right: string): string =>
    `${left}${widths.map((width) => '─'.repeat(width + 2)).join(middle)}${right}\n`;
  const cellText = (cell: Cell, index: number): string => paint(truncate(cell.text, widths[index] ?? 0), cell.tone);
  const inner = { ...noEdge('top'), ...noEdge('bottom') };
  return {
    head: () =>
      rule('┌', '┬', '┐') +
      render(
        [],
        [columns.map((column, index) => paint(truncate(column.header, widths[index] ?? 0), 'accent'))],
        inner,
      ) +
      rule('├', '┼', '┤'),
    rows: (cells) =>
      cells.length === 0
        ? ''
        : render(
            [],
            cells.map((row) => row.map(cellText)),
            inner,
          ),
    foot: () => rule('└', '┴', '┘'),
  };
}
