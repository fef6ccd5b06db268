import type { DeviceSelector } from '../../fleet/selection/index.ts';
import type { CommandContext } from '../context.ts';
import { emptyWord, type CommandInput, type OptionDeclaration } from '../define-command.ts';

export const whereOption = {
  name: 'where',
  type: 'string',
  value: 'CONDITION',
  summary: 'only devices for which this holds, as in "tags.site = \'north\'" (IoT Hub query language)',
} as const satisfies OptionDeclaration;

export const fromOption = {
  name: 'from',
  type: 'string',
  value: 'FILE',
  summary: 'read device ids and globs from a file, one a line; - reads standard input',
  complete: 'file',
} as const satisfies OptionDeclaration;

const concurrencyOption = {
  name: 'concurrency',
  type: 'integer',
  value: 'N',
  summary: 'how many devices at once',
  default: 16,
  minimum: 1,
  maximum: 512,
} as const satisfies OptionDeclaration;

/** What makes a command take many devices; spread into its options. */
export const selectorOptions: readonly OptionDeclaration[] = [whereOption, fromOption, concurrencyOption];

/** The selector of a command that declares {@link selectorOptions}; `ids` are its device words. Opens no file before it is read. Failure: usage. */
export async function readSelector(
  context: Pick<CommandContext, 'stdin'>,
  input: CommandInput,
  ids: readonly string[],
): Promise<DeviceSelector> {
  if (ids.includes('')) throw emptyWord('the id of a device');
  const { where, from } = input.options;
  return {
    ids,
    ...(typeof where === 'string' ? { where } : {}),
    ...(typeof from === 'string' ? { from: await readLines(context, from) } : {}),
  };
}

async function readLines(context: Pick<CommandContext, 'stdin'>, from: string): Promise<AsyncIterable<string>> {
  if (from === '-') return context.stdin.lines();
  const { linesOfFile } = await import('../../fleet/selection/index.ts');
  return linesOfFile(from);
}

/** True when the command line selects devices by more than one plain id. */
export function selectsMany(selector: DeviceSelector): boolean {
  return (
    selector.where !== undefined ||
    selector.from !== undefined ||
    selector.ids.length !== 1 ||
    /[*?]/.test(selector.ids[0] ?? '')
  );
}
