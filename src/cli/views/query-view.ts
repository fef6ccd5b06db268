import { isJsonObject, type JsonObject } from '../../std/json.ts';
import type { Column, ListView } from '../output/output.ts';
import { ageText } from './device-view.ts';

/** Rows of a query: the selected columns, those of a device for whole twins, else those the first rows have. */
export function queryView(
  columns: readonly string[] | undefined,
  firstRows: readonly JsonObject[],
  now: number,
): ListView<JsonObject> {
  const names = columns ?? namesOf(firstRows);
  const [firstName = 'deviceId'] = names;
  return {
    columns:
      columns === undefined && firstRows[0] !== undefined && isTwin(firstRows[0])
        ? twinColumns(now)
        : names.map(column),
    json: (row) => row,
    name: (row) => textOf(row['deviceId'] ?? row[firstName]),
    empty: 'no rows',
  };
}

function column(name: string): Column<JsonObject> {
  return { header: name, value: (row) => (Object.hasOwn(row, name) ? row[name] : undefined) };
}

function namesOf(rows: readonly JsonObject[]): string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row)))];
}

function isTwin(row: JsonObject): boolean {
  return typeof row['deviceId'] === 'string' && isJsonObject(row['properties']);
}

function twinColumns(now: number): Column<JsonObject>[] {
  return [
    { header: 'deviceId', value: textMember('deviceId'), tone: () => 'accent' },
    { header: 'status', value: textMember('status') },
    { header: 'connectionState', value: textMember('connectionState') },
    { header: 'lastActivity', value: (row) => activityText(row['lastActivityTime'], now) },
    { header: 'tags', value: (row) => row['tags'] },
    { header: 'properties', value: (row) => row['properties'], wide: true },
  ];
}

function textMember(name: string): (row: JsonObject) => string {
  return (row) => textOf(row[name]);
}

function activityText(time: unknown, now: number): string {
  return ageText(typeof time === 'string' && !time.startsWith('0001-01-01') ? time : null, now);
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
