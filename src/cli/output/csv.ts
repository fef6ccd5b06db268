import { isJsonObject } from '../../std/json.ts';
import { safeText } from './safe-text.ts';

/** The columns of a CSV: the top-level keys of all rows, in the order they first appear. */
export function csvKeys(rows: readonly unknown[]): string[] {
  const keys = new Set<string>();
  for (const row of rows) {
    if (isJsonObject(row)) for (const key of Object.keys(row)) keys.add(key);
    else keys.add('value');
  }
  return [...keys];
}

/** One line of RFC 4180 CSV. Nested values are JSON text. */
export function csvRow(row: unknown, keys: readonly string[]): string {
  return csvLine(keys.map((key) => (isJsonObject(row) ? (Object.hasOwn(row, key) ? row[key] : undefined) : row)));
}

export function csvLine(values: readonly unknown[]): string {
  return `${values.map(csvCell).join(',')}\n`;
}

function csvCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = guardFormula(safeText(typeof value === 'string' ? value : (JSON.stringify(value) ?? '')));
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A spreadsheet runs text that begins like a formula; a quote in front keeps it text. Numbers stay numbers. */
function guardFormula(text: string): string {
  return /^[=+\-@\t\r]/.test(text) && !/^[+-]?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
}
