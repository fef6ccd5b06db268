import { Failure } from '../../errors/index.ts';
import type { CommandDeclaration, CommandInput, OptionDeclaration } from '../define-command.ts';
import type { OutputFormat } from '../output/output.ts';
import { globalOptionDeclarations, type GlobalOptions } from './global-options.ts';
import { parseValue } from './parse-value.ts';

/** What the parser found for one flag: the text, each text of a repeatable one, or the state of a switch. */
export type RawValue = string | readonly string[] | boolean;
export type RawValues = ReadonlyMap<string, RawValue>;

export interface ReadOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Unix milliseconds, for ages. */
  readonly now: number;
}

/** The variable that stands for a flag: `IOTCTL_OUTPUT`, or with the words of its command `IOTCTL_HUB_START_MQTT_PORT`. */
export function variableName(option: string, command?: string): string {
  const words = command === undefined ? option : `${command} ${option}`;
  return `IOTCTL_${words.replaceAll(/[ -]/g, '_').toUpperCase()}`;
}

export function camelCase(name: string): string {
  return name.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Types the words of one command: flag before environment before default. All missing required flags are named together. */
export function readInput(
  declaration: CommandDeclaration,
  words: readonly (string | readonly string[] | undefined)[],
  raw: RawValues,
  options: ReadOptions,
): CommandInput {
  const values: Record<string, string | number | boolean | readonly string[] | undefined> = {};
  const missing: string[] = [];
  for (const option of declaration.options ?? []) {
    const value = readOption(option, raw, options, declaration.name);
    if (value === undefined && option.required === true) missing.push(`--${option.name}`);
    values[camelCase(option.name)] = value;
  }
  if (missing.length > 0) {
    const verb = missing.length === 1 ? 'is' : 'are';
    throw new Failure('usage', `${missing.join(', ')} ${verb} required`, { hint: `iotctl ${declaration.name} --help` });
  }
  const args: Record<string, string | readonly string[] | undefined> = {};
  for (const [index, argument] of (declaration.arguments ?? []).entries()) {
    const word = words[index];
    for (const text of typeof word === 'string' ? [word] : (word ?? [])) {
      parseValue(text, { ...(argument.choices && { choices: argument.choices }) }, argument.name, options.now);
    }
    args[camelCase(argument.name)] = word;
  }
  return { args, options: values };
}

function readOption(
  option: OptionDeclaration,
  raw: RawValues,
  { env, now }: ReadOptions,
  command?: string,
): string | number | boolean | readonly string[] | undefined {
  const flag = `--${option.name}`;
  const given = raw.get(option.name);
  if (given !== undefined) return typeValue(option, given, flag, now);
  const variable = variableName(option.name, command);
  const text = env[variable];
  if (text !== undefined && text !== '') {
    if (option.type === undefined) return readSwitch(text, variable);
    const value = option.repeatable === true ? text.split(/\r?\n/).filter((line) => line !== '') : text;
    return typeValue(option, value, variable, now);
  }
  if (typeof option.default === 'string') return typeValue(option, option.default, flag, now);
  return option.default ?? (option.type === undefined ? false : undefined);
}

function typeValue(
  option: OptionDeclaration,
  given: RawValue,
  where: string,
  now: number,
): string | number | boolean | readonly string[] {
  if (typeof given === 'boolean') return given;
  if (typeof given === 'string') return parseValue(given, option, where, now);
  return given.map((text) => {
    parseValue(text, option, where, now);
    return text;
  });
}

function readSwitch(text: string, variable: string): boolean {
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  if (/^(0|false|no|off)$/i.test(text)) return false;
  throw new Failure('invalid-value', `${variable}: "${text}" is not one of 1, true, yes, on, 0, false, no, off`);
}

/**
 * The global flags. `--profile` and `--connection-string-file` come from the command line alone: their variables belong
 * to the choice of a hub, where they rank below both flags.
 */
export function readGlobals(raw: RawValues, options: ReadOptions): GlobalOptions {
  const read = (name: string): string | number | boolean | readonly string[] | undefined => {
    const declaration = globalOptionDeclarations.find((option) => option.name === name);
    return declaration === undefined ? undefined : readOption(declaration, raw, options);
  };
  const text = (name: string): string | undefined => {
    const value = read(name);
    return typeof value === 'string' ? value : undefined;
  };
  const flagText = (name: string): string | undefined => {
    const value = raw.get(name);
    return typeof value === 'string' ? value : undefined;
  };
  const format = text('output') as OutputFormat | undefined;
  return {
    profile: flagText('profile'),
    connectionStringFile: flagText('connection-string-file'),
    output: format === undefined ? undefined : { format, source: raw.has('output') ? 'flag' : 'environment' },
    query: text('query'),
    columns: text('columns')
      ?.split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
    yes: read('yes') === true,
    confirm: text('confirm'),
    noInput: read('no-input') === true,
    quiet: read('quiet') === true,
    color: read('no-color') === true ? false : read('color') === true ? true : undefined,
    debug: read('debug') === true,
  };
}
