import type { ArgumentDeclaration, CommandDeclaration, CompletionKind, OptionDeclaration } from '../define-command.ts';
import { globalOptionDeclarations } from '../options/global-options.ts';
import type { CommandTable } from '../program.ts';

/** What a value is completed with: words that are known now, files, or something only the hub or the profiles know. */
export type ValueKind = { readonly words: readonly string[] } | CompletionKind;

export interface CompletionWord {
  readonly word: string;
  readonly summary: string;
}

/** All a shell needs to complete without starting the program. Keys are the words of a command, '' for none yet. */
export interface CompletionModel {
  /** The words that may follow. */
  readonly next: ReadonlyMap<string, readonly CompletionWord[]>;
  /** The flags of a command; those of '' belong to every command. */
  readonly flags: ReadonlyMap<string, readonly CompletionWord[]>;
  /** `device show --columns` or `--profile` (every command): the kind of a flag's value. Switches are absent. */
  readonly flagValues: ReadonlyMap<string, ValueKind>;
  /** `device show 1` or, for all that follow, `device show *`: the kind of a positional word. */
  readonly argumentValues: ReadonlyMap<string, ValueKind>;
}

/** Loads every command that is not hidden. */
export async function loadCommands(table: CommandTable): Promise<CommandDeclaration[]> {
  const visible = table.rows.filter((row) => row.hidden !== true);
  return Promise.all(visible.map(async (row) => (await row.load()).command));
}

export function completionModel(table: CommandTable, commands: readonly CommandDeclaration[]): CompletionModel {
  const next = new Map<string, CompletionWord[]>();
  const flags = new Map<string, readonly CompletionWord[]>();
  const flagValues = new Map<string, ValueKind>();
  const argumentValues = new Map<string, ValueKind>();
  const addFlags = (command: string, options: readonly OptionDeclaration[]): void => {
    flags.set(
      command,
      options.map((option) => ({ word: `--${option.name}`, summary: option.summary })),
    );
    for (const option of options) {
      if (option.type === undefined) continue;
      const key = (flag: string): string => (command === '' ? flag : `${command} ${flag}`);
      flagValues.set(key(`--${option.name}`), kindOf(option));
      if (option.short !== undefined) flagValues.set(key(`-${option.short}`), kindOf(option));
    }
  };
  addFlags('', [...globalOptionDeclarations, { name: 'help', summary: 'show help' }]);
  for (const command of commands) {
    addNext(next, command, table);
    addFlags(command.name, command.options ?? []);
    for (const [index, argument] of (command.arguments ?? []).entries()) {
      argumentValues.set(`${command.name} ${argument.variadic === true ? '*' : index + 1}`, kindOf(argument));
    }
  }
  return { next, flags, flagValues, argumentValues };
}

function addNext(next: Map<string, CompletionWord[]>, command: CommandDeclaration, table: CommandTable): void {
  const words = command.name.split(' ');
  for (const [index, word] of words.entries()) {
    const before = words.slice(0, index).join(' ');
    const known = next.get(before) ?? [];
    if (!known.some((other) => other.word === word)) {
      const summary =
        index === words.length - 1 ? command.summary : (table.groups[words.slice(0, index + 1).join(' ')] ?? '');
      next.set(before, [...known, { word, summary }]);
    }
  }
}

function kindOf(declaration: OptionDeclaration | ArgumentDeclaration): ValueKind {
  if (declaration.choices !== undefined) return { words: declaration.choices };
  return declaration.complete ?? 'none';
}
