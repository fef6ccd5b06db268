import { Failure } from '../../errors/index.ts';
import type { DeviceRow, InputRow } from '../../fleet/provisioning/index.ts';
import type { CommandContext } from '../context.ts';
import { assignmentsOf } from './assignments.ts';
import { listArg, listOption, numberOption, switchOption, textOption, type CommandInput } from '../define-command.ts';

/** Which devices a command line of `provision` names. */
export interface ProvisionSource {
  readonly rows: Iterable<InputRow> | AsyncIterable<InputRow>;
  /** How many, where that is known beforehand. */
  readonly total: number | undefined;
}

/** The numbering of `--start` and `--digits`. */
export function numberingOf(input: CommandInput): { start: number; digits: number } {
  return { start: numberOption(input, 'start') ?? 1, digits: numberOption(input, 'digits') ?? 3 };
}

/** Rows from ids, from --count and --prefix, or from --from; undefined when none of them is given. Failure: usage, invalid-value. */
export async function rowsOfCommandLine(
  context: CommandContext,
  input: CommandInput,
): Promise<ProvisionSource | undefined> {
  const ids = listArg(input, 'id');
  const count = numberOption(input, 'count');
  const prefix = textOption(input, 'prefix');
  const from = textOption(input, 'from');
  const ways = [
    ids.length > 0 && 'ids',
    (count ?? prefix) !== undefined && '--count',
    from !== undefined && '--from',
  ].filter((way) => way !== false);
  if (ways.length > 1)
    throw new Failure('usage', `${ways.join(' and ')} cannot be used together`, { hint: 'iotctl provision --help' });
  if (from !== undefined) return rowsOfFile(context, input, from);
  const { namedRows, numberedRows } = await import('../../fleet/provisioning/index.ts');
  const properties = await propertiesOf(input);
  if (ids.length > 0) {
    const rows = namedRows(ids, properties);
    return { rows, total: rows.length };
  }
  if (count === undefined && prefix === undefined) return undefined;
  if (count === undefined || prefix === undefined) {
    throw new Failure('usage', '--count and --prefix belong together', {
      hint: 'iotctl provision --count 10 --prefix pump-',
    });
  }
  namedRows([`${prefix}0`], {});
  return { rows: numberedRows({ prefix, count, ...numberingOf(input) }, properties), total: count };
}

async function propertiesOf(input: CommandInput): Promise<Pick<DeviceRow, 'certificate' | 'tags' | 'desired'>> {
  return {
    certificate: certificateOf(input),
    tags: await assignmentsOf(input, 'tag'),
    desired: await assignmentsOf(input, 'desired'),
  };
}

function certificateOf(input: CommandInput): DeviceRow['certificate'] {
  const thumbprint = textOption(input, 'thumbprint');
  if (thumbprint === undefined) return switchOption(input, 'caSigned') ? 'authority' : undefined;
  if (listArg(input, 'id').length !== 1 || switchOption(input, 'caSigned'))
    throw new Failure('usage', '--thumbprint is of one device that is named, and does not go with --ca-signed');
  if (!/^(?:[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})$/.test(thumbprint))
    throw new Failure('invalid-value', '--thumbprint is not 40 or 64 hexadecimal digits');
  return { primary: thumbprint };
}

async function rowsOfFile(context: CommandContext, input: CommandInput, from: string): Promise<ProvisionSource> {
  const flags = ['tag', 'desired'].some((name) => listOption(input, name).length > 0);
  if (flags || switchOption(input, 'caSigned') || textOption(input, 'thumbprint') !== undefined) {
    throw new Failure('usage', '--tag, --desired, --ca-signed and --thumbprint do not go with --from', {
      hint: 'use columns TAG:name, DESIRED:name, authentication and thumbprint',
    });
  }
  const { chunksOfFile, countLines, rowsFromCsv } = await import('../../fleet/provisioning/index.ts');
  if (from === '-') return { rows: rowsFromCsv(bytesOf(context.stdin.stream())), total: undefined };
  const lines = await countLines(from);
  return { rows: rowsFromCsv(chunksOfFile(from)), total: Math.max(0, lines - 1) };
}

async function* bytesOf(stream: NodeJS.ReadableStream): AsyncGenerator<string | Uint8Array, void, undefined> {
  for await (const chunk of stream) yield chunk;
}
