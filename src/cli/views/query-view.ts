import { identityPath } from '../../protocol/identity-path.ts';
import { isJsonObject, type JsonObject } from '../../std/json.ts';
import type { Column, ListView } from '../output/output.ts';
import { ageText } from './device-view.ts';
import { whenText } from './when-text.ts';

/** Rows of a query: the selected columns, those of a device or of a job for whole ones, else those the first rows have. */
export function queryView(
  columns: readonly string[] | undefined,
  firstRows: readonly JsonObject[],
  now: number,
): ListView<JsonObject> {
  const names = columns ?? namesOf(firstRows);
  const [firstName = 'deviceId'] = names;
  return {
    columns: (columns === undefined ? wholeColumns(firstRows[0], now) : undefined) ?? names.map(column),
    json: (row) => row,
    name: (row) => nameOf(row, firstName),
    empty: 'no rows',
  };
}

/** The columns for whole twins and whole results of jobs; undefined for other rows. */
function wholeColumns(row: JsonObject | undefined, now: number): Column<JsonObject>[] | undefined {
  if (row === undefined || typeof row['deviceId'] !== 'string') return undefined;
  const ofModules = typeof row['moduleId'] === 'string';
  if (isJsonObject(row['properties'])) return twinColumns(now, ofModules);
  return typeof row['jobId'] === 'string' && typeof row['jobType'] === 'string' ? jobColumns(now) : undefined;
}

function jobColumns(now: number): Column<JsonObject>[] {
  return [
    { header: 'deviceId', value: nameOfIdentity, tone: () => 'accent' },
    { header: 'jobId', value: textMember('jobId') },
    { header: 'status', value: textMember('status') },
    { header: 'end', value: (row) => whenText(textOf(row['endTimeUtc']), now), align: 'right' },
    { header: 'jobType', value: textMember('jobType'), wide: true },
    { header: 'outcome', value: (row) => row['outcome'], wide: true },
    { header: 'error', value: (row) => row['error'], wide: true },
  ];
}

function nameOfIdentity(row: JsonObject): string {
  return nameOf(row, 'deviceId');
}

function column(name: string): Column<JsonObject> {
  return { header: name, value: (row) => (Object.hasOwn(row, name) ? row[name] : undefined) };
}

function namesOf(rows: readonly JsonObject[]): string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row)))];
}

/** A module is named as commands take it: `DEVICE/MODULE`. */
function nameOf(row: JsonObject, firstName: string): string {
  const { deviceId, moduleId } = row;
  if (typeof deviceId === 'string') return identityPath(deviceId, typeof moduleId === 'string' ? moduleId : '');
  return textOf(row[firstName]);
}

function twinColumns(now: number, ofModules: boolean): Column<JsonObject>[] {
  const module: Column<JsonObject> = { header: 'moduleId', value: textMember('moduleId'), tone: () => 'accent' };
  return [
    { header: 'deviceId', value: textMember('deviceId'), tone: () => 'accent' },
    ...(ofModules ? [module] : []),
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
