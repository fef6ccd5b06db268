import type { ExitCode } from '../errors/index.ts';
import type { CommandContext } from './context.ts';

/** A positional word. `variadic` may only be the last. */
export interface ArgumentDeclaration {
  readonly name: string;
  readonly summary: string;
  readonly required?: boolean;
  readonly variadic?: boolean;
  /** What the shell completes it with. */
  readonly complete?: CompletionKind;
  readonly choices?: readonly string[];
}

export type CompletionKind = 'device' | 'profile' | 'method' | 'model' | 'file' | 'directory' | 'none';

export interface OptionDeclaration {
  /** Long name without dashes, `kebab-case`. */
  readonly name: string;
  readonly short?: string;
  readonly summary: string;
  /** Absent for a switch. `duration` gives milliseconds, `time` (ISO or an age such as 10m) Unix milliseconds. */
  readonly type?: 'string' | 'integer' | 'number' | 'duration' | 'time' | 'port';
  /** Word for the value in help, as in `--tag KEY=VALUE`. */
  readonly value?: string;
  readonly repeatable?: boolean;
  readonly required?: boolean;
  readonly default?: string | number | boolean;
  readonly choices?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly complete?: CompletionKind;
}

/** What `-o` means for a command: rows and documents end, streams go on; `text` has no formats. */
export type OutputKind = 'rows' | 'document' | 'stream' | 'text' | 'none';

export interface ExampleDeclaration {
  readonly run: string;
  readonly explains: string;
}

/** Values as they are typed, after the declared parsing. Names are the declared ones in camelCase. */
export interface CommandInput {
  readonly args: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly options: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
}

export interface CommandDeclaration {
  /** The words typed, `device list`; also the file's path under commands/. */
  readonly name: string;
  readonly summary: string;
  readonly description?: string;
  readonly arguments?: readonly ArgumentDeclaration[];
  readonly options?: readonly OptionDeclaration[];
  readonly examples: readonly [ExampleDeclaration, ...ExampleDeclaration[]];
  /** Codes this command can end with beside 0, 2, 70 and 130. */
  readonly exitCodes?: readonly ExitCode[];
  readonly output: OutputKind;
  /** Extra values of -o for this command beyond those of its kind (`lines`, `raw`). The first is the default on a terminal. */
  readonly formats?: readonly string[];
  /** Takes part in `--profile` and `--connection-string-file`. */
  readonly usesHub?: boolean;
  readonly hidden?: boolean;
  run(context: CommandContext, input: CommandInput): Promise<void>;
}

export function defineCommand(declaration: CommandDeclaration): CommandDeclaration {
  return declaration;
}
