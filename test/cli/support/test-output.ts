import type { CommandDeclaration, OutputKind } from '../../../src/cli/define-command.ts';
import type { Output } from '../../../src/cli/output/output.ts';
import type { CommandTable } from '../../../src/cli/program.ts';
import { runLine } from './fake-terminal.ts';

/** A table with one command `show` that does what a test wants with its output. */
export function tableOf(command: Partial<CommandDeclaration> & Pick<CommandDeclaration, 'run'>): CommandTable {
  const declaration: CommandDeclaration = {
    name: 'show',
    summary: 'Shows something.',
    examples: [{ run: 'iotctl show', explains: 'something' }],
    output: 'rows',
    ...command,
  };
  return {
    groups: {},
    rows: [{ name: declaration.name, summary: declaration.summary, load: async () => ({ command: declaration }) }],
  };
}

export interface Written {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | undefined;
}

/** What reaches both streams when a command uses its output so, with these flags. */
export function written(
  use: (output: Output) => Promise<void>,
  flags: readonly string[],
  options: {
    isTTY?: boolean;
    columns?: number;
    kind?: OutputKind;
    formats?: readonly string[];
    env?: Record<string, string>;
  } = {},
): Promise<Written> {
  const table = tableOf({
    output: options.kind ?? 'rows',
    ...(options.formats && { formats: options.formats }),
    run: ({ output }) => use(output),
  });
  return runLine(table, { argv: ['show', ...flags], env: { NO_COLOR: '1', ...options.env }, ...options });
}
