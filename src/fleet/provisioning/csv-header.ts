import { Failure } from '../../errors/index.ts';
import { parsePath } from '../../std/assignment.ts';
import { messageOf } from '../../std/message-of.ts';

type PlainColumn =
  | 'deviceId'
  | 'key'
  | 'secondaryKey'
  | 'status'
  | 'authentication'
  | 'thumbprint'
  | 'secondaryThumbprint';

/** What a column of the file fills. */
export type CsvColumn =
  | { readonly kind: PlainColumn; readonly title: string }
  | { readonly kind: 'tag' | 'desired'; readonly title: string; readonly path: readonly string[] };

const plainColumns: Readonly<Record<string, PlainColumn>> = {
  deviceid: 'deviceId',
  key: 'key',
  secondarykey: 'secondaryKey',
  status: 'status',
  authentication: 'authentication',
  thumbprint: 'thumbprint',
  secondarythumbprint: 'secondaryThumbprint',
};

/** Reads the first line. Failure invalid-input: a column is unknown, twice there, or deviceId is missing. */
export function readHeader(titles: readonly string[]): CsvColumn[] {
  const seen = new Set<string>();
  const columns = titles.map((title) => {
    const column = readColumn(title.trim());
    const key = 'path' in column ? `${column.kind}:${column.path.join('.')}` : column.kind;
    if (seen.has(key)) throw badHeader(`column ${title} is there twice`);
    seen.add(key);
    return column;
  });
  if (!seen.has('deviceId')) throw badHeader('there is no column deviceId');
  return columns;
}

function readColumn(title: string): CsvColumn {
  const plain = Object.hasOwn(plainColumns, title.toLowerCase()) ? plainColumns[title.toLowerCase()] : undefined;
  if (plain !== undefined) return { kind: plain, title };
  const property = /^(tag|desired):(.+)$/i.exec(title);
  if (property === null)
    throw badHeader(title === '' ? 'a column has no name' : `there is no column ${JSON.stringify(title)}`);
  try {
    return {
      kind: property[1]?.toLowerCase() === 'tag' ? 'tag' : 'desired',
      title,
      path: parsePath(property[2] ?? ''),
    };
  } catch (error) {
    throw badHeader(`column ${title}: ${messageOf(error)}`);
  }
}

function badHeader(problem: string): Failure {
  return new Failure('invalid-input', `the first line of the CSV is not valid: ${problem}`, {
    hint: 'columns are deviceId, key, secondaryKey, status, authentication, thumbprint, secondaryThumbprint, TAG:name and DESIRED:name; iotctl provision --template prints an example',
    details: { line: 1 },
  });
}

/** A small file to begin with. */
export const csvTemplate = `deviceId,key,status,TAG:site,TAG:location.floor,DESIRED:telemetryInterval
pump-001,,enabled,north,2,30
pump-002,,enabled,north,2,30
pump-003,,disabled,south,0,300
`;
