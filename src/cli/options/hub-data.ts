import { join, resolve } from 'node:path';
import type { CommandContext } from '../context.ts';
import { textOption, type CommandInput, type OptionDeclaration } from '../define-command.ts';

export const dataOption = {
  name: 'data',
  type: 'string',
  value: 'DIR',
  summary: 'data directory of the hub; by default one in your own data directory',
  complete: 'directory',
} as const satisfies OptionDeclaration;

/** The data directory that is meant. */
export function dataDirectory(context: Pick<CommandContext, 'directories'>, input: CommandInput): string {
  return resolve(textOption(input, 'data') ?? join(context.directories.data, 'hub'));
}
