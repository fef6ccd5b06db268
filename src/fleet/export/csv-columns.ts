/** How a fleet is laid out in CSV: one column for each member that some identity has. */
import { parsePath, parseValue } from '../../std/assignment.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';
import { jsonText } from './json-text.ts';
import type { FleetRow } from './fleet-row.ts';

/** Columns beside those of tags and desired properties, in the order they are written. */
export const plainColumns = [
  'deviceId',
  'moduleId',
  'status',
  'statusReason',
  'authentication',
  'key',
  'secondaryKey',
  'primaryThumbprint',
  'secondaryThumbprint',
  'iotEdge',
  'deviceScope',
  'parentScopes',
  'managedBy',
  'tags',
  'desired',
] as const;
export type PlainColumn = (typeof plainColumns)[number];

type Section = 'tags' | 'desired';
const prefixes: Readonly<Record<Section, string>> = { tags: 'TAG:', desired: 'DESIRED:' };

/** A file with more would not be read by anybody; what has no column goes into `tags` and `desired` as JSON. */
const mostPropertyColumns = 200;

export interface CsvLayout {
  readonly plain: readonly PlainColumn[];
  /** Titles such as `TAG:site.room`. */
  readonly properties: readonly string[];
}

/** Collects what columns the rows need. */
export interface LayoutCollector {
  add(row: FleetRow): void;
  layout(): CsvLayout;
}

export function createLayout(): LayoutCollector {
  const properties = new Set<string>();
  const plain = new Set<PlainColumn>(['deviceId']);
  return {
    add(row) {
      for (const column of plainColumns) if (plainCell(row, column) !== '') plain.add(column);
      for (const section of ['tags', 'desired'] as const) {
        const leaves = leavesOf(section, row[section]);
        const fresh = leaves?.filter(({ title }) => !properties.has(title)) ?? [];
        if (leaves === undefined || properties.size + fresh.length > mostPropertyColumns) plain.add(section);
        else for (const { title } of fresh) properties.add(title);
      }
    },
    layout: () => ({
      plain: plainColumns.filter((column) => plain.has(column)),
      properties: [...properties].toSorted(),
    }),
  };
}

/** The first line. */
export function headerOf({ plain, properties }: CsvLayout): readonly string[] {
  return [...plain, ...properties];
}

/** The cells of a row, not quoted yet. */
export function cellsOf(row: FleetRow, { plain, properties }: CsvLayout): readonly string[] {
  const cells = new Map<string, string>();
  const known = new Set(properties);
  for (const section of ['tags', 'desired'] as const) {
    const leaves = leavesOf(section, row[section]);
    if (leaves === undefined || !leaves.every(({ title }) => known.has(title)))
      cells.set(section, jsonText(row[section]));
    else for (const { title, text } of leaves) cells.set(title, text);
  }
  return [
    ...plain.map((column) => cells.get(column) ?? plainCell(row, column)),
    ...properties.map((title) => cells.get(title) ?? ''),
  ];
}

function plainCell(row: FleetRow, column: PlainColumn): string {
  const { authentication } = row;
  switch (column) {
    case 'authentication':
      // A symmetric key is what every device has unless something else is said.
      return authentication?.type === 'sas' ? '' : (authentication?.type ?? '');
    case 'key':
      return authentication?.symmetricKey?.primaryKey ?? '';
    case 'secondaryKey':
      return authentication?.symmetricKey?.secondaryKey ?? '';
    case 'primaryThumbprint':
      return authentication?.x509Thumbprint?.primaryThumbprint ?? '';
    case 'secondaryThumbprint':
      return authentication?.x509Thumbprint?.secondaryThumbprint ?? '';
    case 'iotEdge':
      return row.iotEdge === true ? 'true' : '';
    case 'parentScopes':
      return row.parentScopes === undefined || row.parentScopes.length === 0 ? '' : JSON.stringify(row.parentScopes);
    case 'tags':
    case 'desired':
      return '';
    case 'deviceId':
    case 'moduleId':
    case 'status':
    case 'statusReason':
    case 'deviceScope':
    case 'managedBy':
      return row[column] ?? '';
  }
}

interface Leaf {
  readonly title: string;
  readonly text: string;
}

/** The values of a section, each with its title; undefined when a name in it cannot stand in a title. */
function leavesOf(section: Section, content: JsonObject | undefined): Leaf[] | undefined {
  const leaves: Leaf[] = [];
  return collect(content ?? {}, [], (path, value) => {
    const title = titleOf(section, path);
    if (title === undefined) return false;
    leaves.push({ title, text: cellText(value) });
    return true;
  })
    ? leaves
    : undefined;
}

function collect(
  node: JsonObject,
  path: readonly string[],
  take: (path: readonly string[], value: JsonValue) => boolean,
): boolean {
  return Object.entries(node).every(([name, value]) => {
    const here = [...path, name];
    return isJsonObject(value) && Object.keys(value).length > 0 ? collect(value, here, take) : take(here, value);
  });
}

function titleOf(section: Section, path: readonly string[]): string | undefined {
  const written = path.map((name) => name.replaceAll(/[\\.]/g, String.raw`\$&`)).join('.');
  try {
    const readBack = parsePath(written.trim());
    const same = readBack.length === path.length && readBack.every((name, index) => name === path[index]);
    return same ? `${prefixes[section]}${written}` : undefined;
  } catch {
    return undefined;
  }
}

/** A value so that it is read back as what it is. */
function cellText(value: JsonValue): string {
  if (typeof value !== 'string') return jsonText(value);
  try {
    if (isPlain(value) && parseValue(value) === value) return value;
  } catch {
    // It begins like JSON; then it is written as JSON.
  }
  return jsonText(value);
}

/** True for a text that neither trimming nor a terminal changes. */
function isPlain(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are written as JSON
  return text !== '' && text === text.trim() && !/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(text);
}
