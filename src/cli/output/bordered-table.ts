import Table from 'cli-table3';
import type { Paint } from './colour.ts';
import { headerCells, type Cell, type ChunkRenderer, type TableColumn } from './table.ts';
import { truncate } from './text-width.ts';

const noTop = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '' };
const noBottom = { bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' };

/**
 * A table with borders for a terminal. cli-table3 is quadratic in its rows, so it gets them in small chunks at fixed
 * widths, and the borders are left out where two chunks meet.
 */
export function borderedTable(columns: readonly TableColumn[], widths: readonly number[], paint: Paint): ChunkRenderer {
  const texts = (cells: readonly Cell[]): string[] =>
    cells.map((cell, index) => paint(truncate(cell.text, widths[index] ?? 0), cell.tone));
  return (rows, { first, last }) => {
    const table = new Table({
      head: first ? texts(headerCells(columns)) : [],
      colWidths: widths.map((width) => width + 2),
      colAligns: columns.map((column) => column.align),
      style: { head: [], border: [], compact: true },
      chars: { ...(!first && noTop), ...(!last && noBottom) },
    });
    for (const row of rows) table.push(texts(row));
    const text = table.toString();
    return text === '' ? '' : `${text}\n`;
  };
}
