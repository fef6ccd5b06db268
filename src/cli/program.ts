import { Command, CommanderError, Help, Option } from 'commander';
import { Failure } from '../errors/index.ts';
import type {
  ArgumentDeclaration,
  CommandDeclaration,
  CommandInput,
  CommandRow,
  OptionDeclaration,
} from './define-command.ts';
import { helpAfter, helpBefore, rootHelpAfter } from './help.ts';
import { globalOptionDeclarations, type GlobalOptions } from './options/global-options.ts';
import { argumentUsage, describeOption, usageOf } from './usage.ts';
import { readGlobals, readInput, type RawValue, type RawValues, type ReadOptions } from './options/read-input.ts';

/** The table of commands and the words for their groups. */
export interface CommandTable {
  readonly rows: readonly CommandRow[];
  /** Summary of the words that only group others: `hub`, `hub fault`. */
  readonly groups: Readonly<Record<string, string>>;
}

export interface ParseOptions extends ReadOptions {
  readonly version: () => string;
  /** Columns help is wrapped to. */
  readonly helpWidth: number;
  readonly bold?: (text: string) => string;
}

/** What the words on the command line ask for. */
export type ParsedLine =
  | {
      readonly kind: 'run';
      readonly command: CommandDeclaration;
      readonly input: CommandInput;
      readonly globals: GlobalOptions;
    }
  | { readonly kind: 'print'; readonly text: string };

/**
 * Understands a command line. Only the file of the matched command is loaded. Help and the version come back as text.
 * Failures: usage, unknown-command, invalid-value.
 */
export async function parseLine(
  words: readonly string[],
  table: CommandTable,
  options: ParseOptions,
): Promise<ParsedLine> {
  refuseVersionOf(words, table);
  const printed: string[] = [];
  let matched: { declaration: CommandDeclaration; command: Command } | undefined;
  const root = createRoot(options, (text) => printed.push(text));
  buildTree(words, table, root, async (row, command) => {
    const { command: declaration } = await row.load();
    declareCommand(command, declaration, options.helpWidth);
    matched = { declaration, command };
  });
  try {
    await root.parseAsync(rearrangeHelp(words), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (isHelp(error)) return { kind: 'print', text: printed.join('') };
    throw toUsageFailure(error, words, table);
  }
  if (matched === undefined) return { kind: 'print', text: root.helpInformation() };
  const { declaration, command } = matched;
  const globals = readGlobals(rawValues(root, globalOptionDeclarations), options);
  const input = readInput(
    declaration,
    command.processedArgs as (string | string[] | undefined)[],
    rawValues(command, declaration.options ?? []),
    options,
  );
  return { kind: 'run', command: declaration, input, globals };
}

/**
 * `--version` after a command is refused: whoever writes it means something of the command, and a script would take the version that
 * is printed instead for success.
 */
function refuseVersionOf(words: readonly string[], { rows }: CommandTable): void {
  const end = words.indexOf('--');
  const at = words.indexOf('--version');
  if (at < 0 || (end >= 0 && end < at)) return;
  const before = new Set(words.slice(0, at));
  const row = rows.find(({ name }) => before.has(name.split(' ', 1)[0] ?? ''));
  if (row === undefined) return;
  throw new Failure('usage', '--version is of iotctl itself, and stands alone', { hint: 'iotctl --version' });
}

/** `help device list` is `device list --help`. */
function rearrangeHelp(words: readonly string[]): string[] {
  return words[0] === 'help' ? [...words.slice(1), '--help'] : [...words];
}

function isHelp(error: CommanderError): boolean {
  return (
    error.code === 'commander.help' || error.code === 'commander.helpDisplayed' || error.code === 'commander.version'
  );
}

type LoadInto = (row: CommandRow, command: Command) => Promise<void>;

/**
 * The commands by name and summary; the declared parts come in when a command is matched. What belongs to a group that
 * is not on the line is left out, since building it takes time at every start.
 */
function buildTree(words: readonly string[], { rows, groups }: CommandTable, root: Command, load: LoadInto): void {
  const byCommand = new Map<Command, CommandRow>();
  const loadMatched = async (_: Command, matched: Command): Promise<void> => {
    const row = byCommand.get(matched);
    if (row !== undefined) await load(row, matched);
  };
  root.hook('preSubcommand', loadMatched);
  for (const row of rows) {
    const names = row.name.split(' ');
    const last = names.pop() ?? '';
    let group: Command | undefined = root;
    for (const [index, name] of names.entries()) {
      const under = findGroup(group, name, groups[names.slice(0, index + 1).join(' ')] ?? '', loadMatched);
      group = words.includes(name) ? under : undefined;
      if (group === undefined) break;
    }
    if (group !== undefined)
      byCommand.set(group.command(last, { hidden: row.hidden === true }).summary(row.summary), row);
  }
}

function findGroup(
  root: Command,
  name: string,
  summary: string,
  hook: (command: Command, matched: Command) => Promise<void>,
): Command {
  const existing = root.commands.find((command) => command.name() === name);
  if (existing !== undefined) return existing;
  return root
    .command(name)
    .summary(summary)
    .description(summary)
    .usage('COMMAND [OPTIONS]')
    .helpCommand(false)
    .hook('preSubcommand', hook);
}

function createRoot(
  { version, helpWidth, bold = (text) => text }: ParseOptions,
  print: (text: string) => void,
): Command {
  const root = new Command('iotctl');
  root
    .exitOverride()
    .configureOutput({
      writeOut: print,
      writeErr: print,
      outputError: () => undefined,
      getOutHelpWidth: () => helpWidth,
      getErrHelpWidth: () => helpWidth,
    })
    .configureHelp({ styleTitle: bold, formatHelp: commandsFirst, boxWrap: wrapProse, minWidthToWrap: 20 })
    .description('Device fleet manager for the terminal and CI, with an IoT hub inside.')
    .usage('COMMAND [OPTIONS]')
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .addHelpText('after', rootHelpAfter());
  for (const option of globalOptionDeclarations) root.addOption(toOption(option));
  root.addOption(new Option('--version', 'show the version'));
  root.on('option:version', () => {
    print(`${version()}\n`);
    throw new CommanderError(0, 'commander.version', '');
  });
  return root;
}

/** The parser puts flags before commands; who asks what there is looks for the commands. */
function commandsFirst(command: Command, helper: Help): string {
  const sections = Help.prototype.formatHelp
    .call(helper, command, helper)
    .trimEnd()
    .split(/\n\n(?=\S)/);
  const commands = command.commands.length === 0 ? [] : sections.splice(-1);
  const flags = sections.splice(-1);
  return `${[...sections, ...commands, ...flags].join('\n\n')}\n`;
}

/** Lines that begin with a space are examples, and wrapped already so that they can be pasted. */
function wrapProse(this: Help, text: string, width: number): string {
  const wrap = (line: string): string => (line.startsWith(' ') ? line : Help.prototype.boxWrap.call(this, line, width));
  return text.split('\n').map(wrap).join('\n');
}

function declareCommand(command: Command, declaration: CommandDeclaration, helpWidth: number): void {
  const [, ...usage] = usageOf(declaration).split(` ${declaration.name} `);
  command.description(helpBefore(declaration, helpWidth)).usage(usage.join(' '));
  for (const argument of declaration.arguments ?? []) command.argument(argumentSyntax(argument), argument.summary);
  for (const option of declaration.options ?? []) command.addOption(toOption(option));
  command.addHelpText('after', helpAfter(declaration));
  // The command itself runs outside the parser, so that one place handles what it throws.
  command.action(() => undefined);
}

/** The parser's own notation: `<DEVICE...>` is required, `[DEVICE]` is not. */
function argumentSyntax(argument: ArgumentDeclaration): string {
  const usage = argumentUsage(argument);
  return argument.required === true ? `<${usage}>` : usage;
}

/** How a flag is written in help: `-o, --output FORMAT`. */
function toOption(option: OptionDeclaration): Option {
  const short = option.short === undefined ? '' : `-${option.short}, `;
  const value = option.type === undefined ? '' : ` <${option.value ?? option.type.toUpperCase()}>`;
  const built = new Option(`${short}--${option.name}${value}`, describeOption(option));
  if (option.repeatable === true) {
    built.argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text]);
  }
  return built;
}

/** The flags that were typed. A switch `--no-x` is stored by the parser as `x: false`. */
function rawValues(command: Command, options: readonly OptionDeclaration[]): RawValues {
  const values = new Map<string, RawValue>();
  for (const option of options) {
    const built = command.options.find((candidate) => candidate.long === `--${option.name}`);
    if (built === undefined || command.getOptionValueSource(built.attributeName()) !== 'cli') continue;
    const value: unknown = command.getOptionValue(built.attributeName());
    if (built.negate) {
      if (value === false) values.set(option.name, true);
    } else if (typeof value === 'string' || Array.isArray(value) || value === true) {
      values.set(option.name, value as RawValue);
    }
  }
  return values;
}

function toUsageFailure(error: CommanderError, words: readonly string[], table: CommandTable): Failure {
  const [first = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const hint = suggestion?.replaceAll(/^\(|\)$/g, '');
  if (error.code === 'commander.unknownCommand') {
    return new Failure('unknown-command', first, { hint: meantCommand(first, hint, words, table) ?? 'iotctl help' });
  }
  if (words.some((word) => /SharedAccess(?:Key|Signature)=/i.test(word)))
    return new Failure('usage', first, {
      hint: 'a connection string is never an argument: --connection-string-file FILE, or pipe it in',
    });
  return new Failure('usage', first, { hint: hint ?? `iotctl ${helpWords(words, table)}--help` });
}

/** The whole command that was perhaps meant, to be taken over as it is. */
function meantCommand(
  message: string,
  suggestion: string | undefined,
  words: readonly string[],
  { rows, groups }: CommandTable,
): string | undefined {
  const unknown = /'(.*)'/.exec(message)?.[1];
  const typed = words.filter((word) => !word.startsWith('-'));
  const shown = rows.filter((row) => row.hidden !== true).map((row) => row.name);
  const longestFirst = [...shown, ...Object.keys(groups)].toSorted((a, b) => b.length - a.length);
  const [, offered] = (suggestion ?? '').split('Did you mean ', 2);
  const similar =
    offered
      ?.replace(/^one of /, '')
      .split('?', 1)[0]
      ?.split(', ') ?? [];
  const meant = similar.map((word) => {
    const line = `${typed.map((each) => (each === unknown ? word : each)).join(' ')} `;
    return longestFirst.find((name) => line.startsWith(`${name} `)) ?? word;
  });
  // `iotctl list`: the word is right, what it is about is missing.
  const elsewhere = shown.filter((name) => name.endsWith(` ${unknown}`));
  const names = (meant.length > 0 ? meant : elsewhere).slice(0, 3).map((name) => `iotctl ${name}`);
  return names.length === 0 ? undefined : `Did you mean ${names.join(', or ')}?`;
}

/** The command or group on a line that was not understood, for the hint. */
function helpWords(words: readonly string[], { rows, groups }: CommandTable): string {
  const line = ` ${words.filter((word) => !word.startsWith('-')).join(' ')} `;
  const names = [...rows.map((row) => row.name), ...Object.keys(groups)];
  const name = names.find((candidate) => line.includes(` ${candidate} `));
  return name === undefined ? '' : `${name} `;
}
