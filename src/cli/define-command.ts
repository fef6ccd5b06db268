import { Failure, type ExitCode } from '../errors/index.ts';
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

export type CompletionKind =
  | 'device'
  | 'profile'
  | 'method'
  | 'model'
  | 'rollout'
  | 'firmware'
  | 'file'
  | 'directory'
  | 'none';

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

interface ExampleDeclaration {
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
  /** The default of -o on a pipe, where it is not the kind's own: a story is read there too. */
  readonly pipeFormat?: 'lines';
  /** Takes part in `--profile` and `--connection-string-file`. */
  readonly usesHub?: boolean;
  /** Changes many things: the work goes on to its end when the reader of the result goes away (`| head -1`), and the exit code tells of it. */
  readonly outlivesReader?: boolean;
  readonly hidden?: boolean;
  run(context: CommandContext, input: CommandInput): Promise<void>;
}

export function defineCommand(declaration: CommandDeclaration): CommandDeclaration {
  return declaration;
}

/** A row of the table of commands: enough for help and completion without loading the command. */
export interface CommandRow {
  /** The words typed. */
  readonly name: string;
  readonly summary: string;
  readonly hidden?: boolean;
  load(): Promise<{ readonly command: CommandDeclaration }>;
}

/** A required positional word. Failure: usage, for an empty one. */
export function requiredArg(input: CommandInput, name: string): string {
  const value = optionalArg(input, name);
  if (value === undefined) throw new TypeError(`argument ${name} is not declared as required`);
  return value;
}

/** Mostly a variable of the shell that is not set; to ask a hub for it would be answered with something else. */
export function emptyWord(what: string): Failure {
  return new Failure('usage', `${what} is empty`, { hint: 'is a variable of the shell not set?' });
}

/** A positional word that may be left out. Failure: usage, for an empty one. */
export function optionalArg(input: CommandInput, name: string): string | undefined {
  const value = input.args[name];
  if (typeof value === 'object') throw new TypeError(`argument ${name} is declared as variadic`);
  if (value === '') throw emptyWord(name.toUpperCase());
  return value;
}

/** The words of a variadic argument; empty when none was given. */
export function listArg(input: CommandInput, name: string): readonly string[] {
  const value = input.args[name];
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

export function textOption(input: CommandInput, name: string): string | undefined {
  const value = input.options[name];
  return typeof value === 'string' ? value : undefined;
}

/** A required positional word with choices, as one of them. */
export function choiceArg<Choice extends string>(
  input: CommandInput,
  name: string,
  choices: readonly Choice[],
): Choice {
  const value = requiredArg(input, name);
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw new TypeError(`argument ${name} has other choices than it is declared with`);
  return found;
}

/** An option of type integer, number, duration (milliseconds) or time (Unix milliseconds). */
export function numberOption(input: CommandInput, name: string): number | undefined {
  const value = input.options[name];
  return typeof value === 'number' ? value : undefined;
}

/** An option of type port: 0 asks for a free one. */
export function portOption(input: CommandInput, name: string): number | 'off' | undefined {
  const value = input.options[name];
  return typeof value === 'number' || value === 'off' ? value : undefined;
}

/** A switch: true when it was given. */
export function switchOption(input: CommandInput, name: string): boolean {
  return input.options[name] === true;
}

/** A repeatable option, in the order typed; empty when it was not given. */
export function listOption(input: CommandInput, name: string): readonly string[] {
  const value = input.options[name];
  if (value === undefined || typeof value === 'number' || typeof value === 'boolean') return [];
  return typeof value === 'string' ? [value] : value;
}

/** An option with choices, as one of them. */
export function choiceOption<Choice extends string>(
  input: CommandInput,
  name: string,
  choices: readonly Choice[],
): Choice | undefined {
  const value = input.options[name];
  return choices.find((choice) => choice === value);
}
