import type { OutputOptions } from './create-output.ts';
import type { Paint } from './colour.ts';
import type { DocumentView, Tone } from './output.ts';
import { safeJson, safeText } from './safe-text.ts';
import { pad, textWidth } from './text-width.ts';
import { valueText } from './value-text.ts';

/** One thing, in the format of this call. */
export async function renderDocument<Value>(
  value: Value,
  view: DocumentView<Value>,
  options: OutputOptions,
): Promise<void> {
  const { writer } = options;
  if (options.pick !== undefined) {
    const { renderPicked } = await import('./render-picked.ts');
    return renderPicked(options.pick(view.json(value)), options);
  }
  switch (options.format) {
    case 'json':
      return writer.write(`${safeJson(JSON.stringify(view.json(value) ?? null, null, 2))}\n`);
    case 'ndjson':
      return writer.write(`${safeJson(JSON.stringify(view.json(value) ?? null))}\n`);
    case 'yaml': {
      const { yamlText } = await import('./yaml.ts');
      return writer.write(await yamlText(view.json(value)));
    }
    case 'csv': {
      const { csvKeys, csvLine, csvRow } = await import('./csv.ts');
      const json = view.json(value);
      const keys = csvKeys([json]);
      return writer.write(csvLine(keys) + csvRow(json, keys));
    }
    case 'name':
      return writer.write(`${safeText(view.name(value))}\n`);
    case 'table':
    case 'wide':
    case 'lines':
    case 'raw':
      return writer.write(fieldLines(view.fields(value), '', options.paint));
  }
}

type Field = readonly [label: string, value: unknown, tone?: Tone];

/** `label  value` lines; objects and lists go below their label, indented. */
function fieldLines(fields: readonly Field[], indent: string, paint: Paint): string {
  const shown = fields.filter(([, value]) => value !== undefined);
  const width = Math.max(0, ...shown.map(([label]) => textWidth(safeText(label)) + 1));
  return shown
    .map(([label, value, tone]) => {
      const head = `${safeText(label)}:`;
      const nested = nestedFields(value);
      if (nested !== undefined) return `${indent}${paint(head, 'dim')}\n${fieldLines(nested, `${indent}  `, paint)}`;
      const text = valueText(value);
      return text === ''
        ? `${indent}${paint(head, 'dim')}\n`
        : `${indent}${paint(pad(head, width), 'dim')} ${paint(text, tone)}\n`;
    })
    .join('');
}

function nestedFields(value: unknown): readonly Field[] | undefined {
  if (typeof value !== 'object' || value === null || value instanceof Date) return undefined;
  const entries: Field[] = Array.isArray(value)
    ? value.map((item: unknown, index): Field => [String(index), item])
    : Object.entries(value).map(([key, inner]: [string, unknown]): Field => [key, inner]);
  const flat = Array.isArray(value) && value.every((item) => typeof item !== 'object' || item === null);
  return entries.length === 0 || flat ? undefined : entries;
}
