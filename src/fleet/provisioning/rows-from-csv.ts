import type { Parser } from 'csv-parse';
import { Failure } from '../../errors/index.ts';
import { deviceIdProblem } from '../../protocol/device-id.ts';
import { assign, parseValue } from '../../std/assignment.ts';
import type { JsonValue } from '../../std/json.ts';
import { readHeader, type CsvColumn } from './csv-header.ts';
import { certificateOf, type CertificateFields } from './certificate-fields.ts';
import { keyProblem, type DeviceRow, type InputRow } from './row.ts';

/** No line of a device file is longer; it bounds the memory that a lost quotation mark costs. */
const longestRecord = 1_048_576;

export interface CsvRecord {
  readonly fields: readonly string[];
  /** The line it begins on, from 1. */
  readonly line: number;
}

/**
 * Reads devices from CSV as it comes: quotes, CRLF and a byte order mark are understood; values are typed like on the command
 * line, an empty field says nothing. A line that is not valid becomes a {@link InputRow} of kind `bad` and the next one goes on;
 * an id that stood on an earlier line is an error of the later one. Failure invalid-input: the first line is not valid.
 */
export async function* rowsFromCsv(
  source: AsyncIterable<string | Uint8Array>,
): AsyncGenerator<InputRow, void, undefined> {
  const firstLines = new Map<string, number>();
  let columns: readonly CsvColumn[] | undefined;
  for await (const records of recordsOf(source)) {
    for (const record of records) {
      if ('reason' in record) yield { kind: 'bad', deviceId: '', ...record };
      else if (columns === undefined) columns = readHeader(record.fields);
      else yield checkRepeat(readRow(columns, record), firstLines);
    }
  }
  if (columns === undefined)
    throw new Failure('invalid-input', 'the CSV is empty', { hint: 'iotctl provision --template prints an example' });
}

/** Where reading ended too early, and why. */
export interface CsvProblem {
  readonly line: number;
  readonly reason: string;
}

/** The records of each chunk, and at the very end the problem that kept the rest from being read. */
export async function* recordsOf(
  source: AsyncIterable<string | Uint8Array>,
): AsyncGenerator<(CsvRecord | CsvProblem)[], void, undefined> {
  const { parse } = await import('csv-parse');
  let records: CsvRecord[] = [];
  let lastLine = 0;
  let reason: string | undefined;
  const take = (): CsvRecord[] => {
    const taken = records;
    records = [];
    return taken;
  };
  const parser = parse({
    // Told here, because an error of the stream would take the records before it with it.
    skip_records_with_error: true,
    on_skip: (error) => {
      reason ??= reasonOfParser(error?.code);
    },
    // Taken here, because a stream of objects costs more than the parsing.
    on_record: (fields: string[], { lines }) => {
      records.push({ fields, line: lines - lineBreaks(fields) });
      lastLine = lines;
      return null;
    },
    bom: true,
    relax_quotes: true,
    relax_column_count: true,
    skip_empty_lines: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    max_record_size: longestRecord,
  });
  // Whoever feeds it hears of its failure; an event nobody listens to would end the process.
  parser.on('error', () => undefined);
  for await (const chunk of source) {
    await feed(parser, chunk);
    yield take();
  }
  await feed(parser, undefined);
  yield take();
  if (reason !== undefined) yield [{ line: lastLine + 1, reason }];
}

/** Resolves when the parser is through with the chunk; undefined is the end. */
function feed(parser: Parser, chunk: string | Uint8Array | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null): void => (error ? reject(error) : resolve());
    if (chunk === undefined) parser.end(done);
    else parser.write(chunk, done);
  });
}

/** Stray quotation marks are taken as text, so these are the errors there can be. */
function reasonOfParser(code: string | undefined): string {
  return code === 'CSV_MAX_RECORD_SIZE'
    ? 'the line is longer than 1 MiB (a lost quotation mark?); nothing from here on was read'
    : 'a quotation mark is opened and never closed; nothing from here on was read';
}

/** The parser counts the line a record ends on; a quoted field may hold line breaks. */
function lineBreaks(record: readonly string[]): number {
  let count = 0;
  for (const field of record) if (/[\r\n]/.test(field)) count += field.match(/\r\n|\r|\n/g)?.length ?? 0;
  return count;
}

function checkRepeat(row: InputRow, firstLines: Map<string, number>): InputRow {
  if (row.kind === 'bad') return row;
  const first = firstLines.get(row.deviceId);
  const line = row.line ?? 0;
  if (first === undefined) {
    firstLines.set(row.deviceId, line);
    return row;
  }
  return { kind: 'bad', line, deviceId: row.deviceId, reason: `the device stands on line ${first} already` };
}

function readRow(columns: readonly CsvColumn[], { fields, line }: CsvRecord): InputRow {
  const idIndex = columns.findIndex((column) => column.kind === 'deviceId');
  const deviceId = (fields[idIndex] ?? '').trim();
  try {
    if (fields.length > columns.length)
      throw new SyntaxError(`${fields.length} fields, but the first line names ${columns.length}`);
    if (deviceId === '') throw new SyntaxError('the device id is missing');
    const problem = deviceIdProblem(deviceId);
    if (problem !== undefined) throw new SyntaxError(problem);
    return { kind: 'device', deviceId, line, ...readFields(columns, fields) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { kind: 'bad', line, deviceId, reason: error.message };
  }
}

type RowContent = {
  -readonly [Name in 'key' | 'secondaryKey' | 'certificate' | 'status' | 'tags' | 'desired']?: NonNullable<
    DeviceRow[Name]
  >;
};

function readFields(columns: readonly CsvColumn[], fields: readonly string[]): RowContent {
  const content: RowContent = {};
  const certificates: CertificateFields = {};
  for (const [index, column] of columns.entries()) {
    const field = (fields[index] ?? '').trim();
    if (field === '' || column.kind === 'deviceId') continue;
    if (column.kind === 'tag') assign((content.tags ??= {}), column.path, readValue(column, field));
    else if (column.kind === 'desired') assign((content.desired ??= {}), column.path, readValue(column, field));
    else if (column.kind === 'status') content.status = readStatus(field);
    else if (column.kind === 'key' || column.kind === 'secondaryKey') content[column.kind] = readKey(field);
    else certificates[column.kind] = field;
  }
  if (content.secondaryKey !== undefined && content.key === undefined)
    throw new SyntaxError('there is a secondaryKey but no key');
  const certificate = certificateOf(certificates);
  if (certificate === undefined) return content;
  if (content.key !== undefined)
    throw new SyntaxError('there is a key, but the device authenticates with a certificate');
  return { ...content, certificate };
}

function readValue(column: CsvColumn, field: string): JsonValue {
  try {
    return parseValue(field);
  } catch {
    throw new SyntaxError(`${column.title} begins like JSON but is not: ${field.slice(0, 60)}`);
  }
}

function readStatus(field: string): 'enabled' | 'disabled' {
  const status = field.toLowerCase();
  if (status !== 'enabled' && status !== 'disabled')
    // A key stands here when a comma is missing; it must not be shown.
    throw new SyntaxError(`the status is ${field.length > 16 ? 'something else' : field}, not enabled or disabled`);
  return status;
}

function readKey(field: string): string {
  const problem = keyProblem(field);
  if (problem !== undefined) throw new SyntaxError(problem);
  return field;
}
