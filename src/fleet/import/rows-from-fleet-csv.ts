import { Failure } from '../../errors/index.ts';
import { deviceIdProblem } from '../../protocol/device-id.ts';
import type { Authentication } from '../../protocol/identity.ts';
import { assign, parsePath, parseValue } from '../../std/assignment.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';
import { messageOf } from '../../std/message-of.ts';
import { plainColumns, type PlainColumn } from '../export/csv-columns.ts';
import type { BadFleetRow, FleetRow } from '../export/fleet-row.ts';
import { keyProblem } from '../provisioning/row.ts';
import { recordsOf, type CsvRecord } from '../provisioning/rows-from-csv.ts';

type Column =
  | { readonly kind: 'plain'; readonly name: PlainColumn }
  | { readonly kind: 'tags' | 'desired'; readonly path: readonly string[]; readonly title: string };

/**
 * Reads identities from CSV as `device export` writes it; the files of `provision` are understood too. An empty field says nothing.
 * Failure invalid-input: the first line is not valid.
 */
export async function* rowsFromFleetCsv(
  source: AsyncIterable<string | Uint8Array>,
): AsyncGenerator<FleetRow | BadFleetRow, void, undefined> {
  let columns: readonly Column[] | undefined;
  for await (const records of recordsOf(source)) {
    for (const record of records) {
      if ('reason' in record) yield { kind: 'bad', deviceId: '', ...record };
      else if (columns === undefined) columns = record.fields.map((title) => readTitle(title.trim()));
      else yield readRecord(columns, record);
    }
  }
}

function readTitle(title: string): Column {
  const name = plainColumns.find((column) => column.toLowerCase() === title.toLowerCase());
  if (name !== undefined) return { kind: 'plain', name };
  const property = /^(tag|desired):(.+)$/i.exec(title);
  if (property === null) throw badTitle(`there is no column ${JSON.stringify(title)}`);
  try {
    const kind = property[1]?.toLowerCase() === 'tag' ? 'tags' : 'desired';
    return { kind, path: parsePath(property[2] ?? ''), title };
  } catch (error) {
    throw badTitle(`column ${title}: ${messageOf(error)}`);
  }
}

function badTitle(problem: string): Failure {
  return new Failure('invalid-input', `the first line of the CSV is not valid: ${problem}`, {
    hint: `columns are ${plainColumns.join(', ')}, TAG:name and DESIRED:name; iotctl device export writes them`,
    details: { line: 1 },
  });
}

/** The texts of a record by column, and its properties put together. */
interface Cells {
  readonly plain: ReadonlyMap<PlainColumn, string>;
  readonly tags: JsonObject | undefined;
  readonly desired: JsonObject | undefined;
}

function readRecord(columns: readonly Column[], record: CsvRecord): FleetRow | BadFleetRow {
  const { line } = record;
  const idAt = columns.findIndex((column) => column.kind === 'plain' && column.name === 'deviceId');
  const deviceId = (record.fields[idAt] ?? '').trim();
  try {
    const problem = deviceIdProblem(deviceId);
    if (problem !== undefined) throw new SyntaxError(`the device id ${problem}`);
    return rowOf(deviceId, line, readCells(columns, record.fields));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { kind: 'bad', line, deviceId, reason: error.message };
  }
}

function readCells(columns: readonly Column[], fields: readonly string[]): Cells {
  if (fields.length > columns.length)
    throw new SyntaxError(`${fields.length} fields, but the first line names ${columns.length}`);
  const plain = new Map<PlainColumn, string>();
  const sections: { tags?: JsonObject; desired?: JsonObject } = {};
  // The columns of whole sections come first, so that single properties are put into them.
  for (const [index, column] of columns.entries()) {
    const field = (fields[index] ?? '').trim();
    if (field === '') continue;
    if (column.kind !== 'plain') assign((sections[column.kind] ??= {}), column.path, readValue(column.title, field));
    else if (column.name === 'tags' || column.name === 'desired')
      sections[column.name] = readObject(column.name, field);
    else plain.set(column.name, field);
  }
  return { plain, tags: sections.tags, desired: sections.desired };
}

function rowOf(deviceId: string, line: number, { plain, tags, desired }: Cells): FleetRow {
  const moduleId = plain.get('moduleId') ?? '';
  const problem = moduleId === '' ? undefined : deviceIdProblem(moduleId);
  if (problem !== undefined) throw new SyntaxError(`the module id ${problem}`);
  return {
    kind: 'identity',
    deviceId,
    moduleId,
    line,
    status: readStatus(plain.get('status')),
    statusReason: plain.get('statusReason'),
    authentication: readAuthentication(plain),
    iotEdge: plain.has('iotEdge') ? plain.get('iotEdge')?.toLowerCase() === 'true' : undefined,
    deviceScope: plain.get('deviceScope'),
    parentScopes: readScopes(plain.get('parentScopes')),
    managedBy: plain.get('managedBy'),
    tags,
    desired,
  };
}

function readStatus(text: string | undefined): FleetRow['status'] {
  const status = text?.toLowerCase();
  if (status === undefined || status === 'enabled' || status === 'disabled') return status;
  // A key stands here when a comma is missing; it must not be shown.
  throw new SyntaxError('the status is not enabled or disabled');
}

const types: readonly Authentication['type'][] = ['sas', 'selfSigned', 'certificateAuthority', 'none'];

function readAuthentication(plain: Cells['plain']): FleetRow['authentication'] {
  const named = plain.get('authentication');
  const type = types.find((each) => each.toLowerCase() === named?.toLowerCase());
  if (named !== undefined && type === undefined)
    throw new SyntaxError(`the authentication is not one of ${types.join(', ')}`);
  const primaryKey = readKey(plain.get('key'));
  const primaryThumbprint = plain.get('primaryThumbprint') ?? null;
  const secondaryThumbprint = plain.get('secondaryThumbprint') ?? null;
  if (primaryKey !== undefined) {
    const secondaryKey = readKey(plain.get('secondaryKey')) ?? primaryKey;
    return { type: type ?? 'sas', symmetricKey: { primaryKey, secondaryKey } };
  }
  if (plain.has('secondaryKey')) throw new SyntaxError('there is a secondaryKey but no key');
  if (primaryThumbprint !== null || secondaryThumbprint !== null)
    return { type: type ?? 'selfSigned', x509Thumbprint: { primaryThumbprint, secondaryThumbprint } };
  return type === undefined ? undefined : { type };
}

function readKey(text: string | undefined): string | undefined {
  const problem = text === undefined ? undefined : keyProblem(text);
  if (problem !== undefined) throw new SyntaxError(problem);
  return text;
}

function readScopes(text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return undefined;
  const value = readValue('parentScopes', text);
  const scopes = Array.isArray(value) ? value : [value];
  return scopes.map((scope) => {
    if (typeof scope !== 'string') throw new SyntaxError('parentScopes is not a list of texts');
    return scope;
  });
}

function readObject(title: string, field: string): JsonObject {
  const value = readValue(title, field);
  if (!isJsonObject(value)) throw new SyntaxError(`${title} is not a JSON object`);
  return value;
}

function readValue(title: string, field: string): JsonValue {
  try {
    return parseValue(field);
  } catch {
    throw new SyntaxError(`${title} begins like JSON but is not: ${field.slice(0, 60)}`);
  }
}
