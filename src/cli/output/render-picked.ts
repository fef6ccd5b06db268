import { isJsonObject } from '../../std/json.ts';
import type { OutputOptions } from './create-output.ts';
import { csvKeys, csvLine, csvRow } from './csv.ts';
import { safeJson } from './safe-text.ts';
import { measure, plainTable } from './table.ts';
import { valueText } from './value-text.ts';

/** What `--query` picked: any JSON value, in the format of this call. */
export async function renderPicked(value: unknown, options: OutputOptions): Promise<void> {
  const { writer, format } = options;
  const items = Array.isArray(value) ? (value as readonly unknown[]) : [value];
  switch (format) {
    case 'json':
      return writer.write(`${safeJson(JSON.stringify(value ?? null, null, 2))}\n`);
    case 'ndjson':
      return writer.write(items.map((item) => `${safeJson(JSON.stringify(item ?? null))}\n`).join(''));
    case 'yaml': {
      const { yamlText } = await import('./yaml.ts');
      return writer.write(await yamlText(value));
    }
    case 'csv': {
      const keys = csvKeys(items);
      return writer.write(csvLine(keys) + items.map((item) => csvRow(item, keys)).join(''));
    }
    case 'table':
    case 'wide':
    case 'name':
    case 'lines':
    case 'raw':
      return writer.write(pickedTable(value, items, options));
  }
}

/** Objects become a table or fields, lists a row each, and a single value stands alone, which is what scripts want. */
function pickedTable(value: unknown, items: readonly unknown[], { paint }: OutputOptions): string {
  if (isJsonObject(value)) {
    return Object.entries(value)
      .map(([key, inner]) => `${paint(`${valueText(key)}:`, 'dim')} ${valueText(inner)}\n`)
      .join('');
  }
  const shown = items.filter((item) => item !== null && item !== undefined);
  const keys = csvKeys(shown.filter(isJsonObject));
  if (keys.length > 0) {
    const columns = keys.map((key) => ({ header: valueText(key), align: 'left' as const }));
    const cells = shown.map((item) =>
      keys.map((key) => ({ text: valueText(isJsonObject(item) ? item[key] : undefined) })),
    );
    const table = plainTable(columns, measure(columns, cells), { paint, cut: false });
    return table(cells, { first: true, last: true });
  }
  if (shown.every((item) => Array.isArray(item))) {
    return shown.map((item) => `${(item as readonly unknown[]).map(valueText).join('  ')}\n`).join('');
  }
  return shown.map((item) => `${valueText(item)}\n`).join('');
}
