import { Failure } from '../../errors/index.ts';
import type { CommandDeclaration } from '../define-command.ts';
import type { GlobalOptions } from '../options/global-options.ts';
import type { OutputFormat } from './output.ts';

const everywhere: readonly OutputFormat[] = ['table', 'wide', 'json', 'ndjson', 'yaml', 'csv', 'name'];
const extraFormats: readonly OutputFormat[] = ['lines', 'raw'];

/** The values of `-o` a command takes; none for plain text. */
export function formatsOf(command: Pick<CommandDeclaration, 'output' | 'formats'>): readonly OutputFormat[] {
  if (command.output === 'text' || command.output === 'none') return [];
  const extra = extraFormats.filter((format) => command.formats?.includes(format));
  // A stream has no end, so no whole document either.
  const common =
    command.output === 'stream' ? everywhere.filter((format) => format !== 'yaml' && format !== 'wide') : everywhere;
  return [...extra, ...common];
}

/**
 * The format of this call. A table on a terminal and on a pipe, except streams: lines (where the command has them) on a
 * terminal, NDJSON on a pipe unless the command says otherwise. Plain text has no other form. Failure: invalid-value for a flag that does not fit; a variable that does not fit gives way.
 */
export function chooseFormat(
  command: Pick<CommandDeclaration, 'name' | 'output' | 'options' | 'formats' | 'pipeFormat'>,
  wish: GlobalOptions['output'],
  isTTY: boolean,
): OutputFormat {
  const formats = formatsOf(command);
  if (wish !== undefined && formats.includes(wish.format)) return wish.format;
  if (wish?.source === 'flag' && formats.length > 0) {
    throw new Failure('invalid-value', `--output: ${wish.format} is not offered by ${command.name}`, {
      hint: `use one of ${formats.join(', ')}`,
    });
  }
  if (wish?.source === 'flag' && command.output === 'text') {
    const own = command.options?.some(({ name }) => name === 'format') === true ? ' --format FORMAT' : '';
    throw new Failure('invalid-value', `--output: ${wish.format} is not offered by ${command.name}`, {
      hint:
        own === ''
          ? 'it writes text alone: leave the flag out'
          : `it has a flag of its own: iotctl ${command.name}${own}`,
    });
  }
  if (command.output !== 'stream') return 'table';
  const first = formats.find((format) => format === command.formats?.[0]);
  return isTTY ? (first ?? 'table') : (command.pipeFormat ?? 'ndjson');
}
