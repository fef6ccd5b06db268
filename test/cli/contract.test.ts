// What every command owes to the people who use it, whoever wrote it.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commandTable } from '../../src/cli/commands/index.ts';
import { completionModel, loadCommands } from '../../src/cli/completion/model.ts';
import type { CommandDeclaration, OptionDeclaration } from '../../src/cli/define-command.ts';
import { globalOptionDeclarations } from '../../src/cli/options/global-options.ts';
import { camelCase } from '../../src/cli/options/read-input.ts';
import { textWidth } from '../../src/cli/output/text-width.ts';
import { formatsOf } from '../../src/cli/output/choose-format.ts';
import { parseLine } from '../../src/cli/program.ts';
import { exitCodeMeanings } from '../../src/errors/index.ts';
import { readSources, repository } from '../architecture/source-files.ts';
import { callsOf } from './support/calls-of.ts';

const commands = await Promise.all(
  commandTable.rows.map(async (row) => ({ row, command: (await row.load()).command })),
);
const visible = commands.filter(({ row }) => row.hidden !== true);
const named = commands.map(({ row, command }) => [row.name, command, row] as const);
const sources = readSources('src/cli');

const parse = (words: readonly string[], helpWidth = 100) =>
  parseLine(words, commandTable, { env: {}, now: Date.UTC(2026, 0, 1), version: () => '1.2.3', helpWidth });

const byText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

test('the table names every command file, and every file is in the table', () => {
  const folder = join(repository, 'src/cli/commands');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && name !== 'index.ts',
  );
  expect(files.map((name) => name.replace(/\.ts$/, '').replaceAll(/[\\/]/g, ' ')).toSorted(byText)).toEqual(
    commandTable.rows.map((row) => row.name).toSorted(byText),
  );
});

test('every group has words, and every word for a group has a group', () => {
  const groups = new Set(
    commandTable.rows.flatMap(({ name }) => {
      const words = name.split(' ');
      return words.slice(1).map((_, index) => words.slice(0, index + 1).join(' '));
    }),
  );
  expect([...groups].toSorted(byText)).toEqual(Object.keys(commandTable.groups).toSorted(byText));
});

test('help fits a terminal of 80 columns, but for a word that is longer', async () => {
  const names = ['', ...Object.keys(commandTable.groups), ...visible.map(({ row }) => row.name)];
  const tooLong: string[] = [];
  for (const name of names) {
    const parsed = await parse([...name.split(' ').filter((word) => word !== ''), '--help'], 80);
    const lines = parsed.kind === 'print' ? parsed.text.split('\n') : [];
    expect(lines.length, name).toBeGreaterThan(1);
    tooLong.push(...lines.filter((line) => textWidth(line) > 80 && line.trim().includes(' ')));
  }
  expect(tooLong).toEqual([]);
});

describe.each(named)('%s', (name, command, row) => {
  test('is named and summed up as in the table', () => {
    expect(command.name).toBe(name);
    expect(command.summary).toBe(row.summary);
    expect(command.hidden ?? false).toBe(row.hidden ?? false);
    expect(command.summary.length).toBeGreaterThan(10);
    expect(command.summary.length).toBeLessThanOrEqual(80);
    expect(existsSync(join(repository, 'src/cli/commands', `${name.replaceAll(' ', '/')}.ts`))).toBe(true);
  });

  test('has examples that its own parser understands', async () => {
    expect(command.examples.length).toBeGreaterThan(0);
    for (const example of command.examples) {
      const calls = callsOf(example.run);
      expect(calls, example.run).not.toEqual([]);
      const names: string[] = [];
      for (const words of calls) {
        const parsed = await parse(words);
        if (parsed.kind === 'run') names.push(parsed.command.name);
      }
      expect(names, example.run).toContain(name);
      expect(example.explains).not.toBe('');
    }
  });

  test('shows help with all it takes', async () => {
    const parsed = await parse([...name.split(' '), '--help']);
    const text = parsed.kind === 'print' ? parsed.text : '';
    expect(text).toContain(`Usage: iotctl ${name}`);
    expect(text).toContain('Examples:');
    expect(text).toContain('Exit codes:');
    for (const option of command.options ?? []) expect(text).toContain(`--${option.name}`);
    for (const argument of command.arguments ?? []) expect(text).toContain(argument.name.toUpperCase());
  });

  test('declares flags that can be told apart', () => {
    const options: readonly OptionDeclaration[] = [
      ...globalOptionDeclarations,
      ...(command.options ?? []),
      { name: 'help', short: 'h', summary: '' },
      { name: 'version', summary: '' },
    ];
    const long = options.map((option) => option.name);
    const short = options.map((option) => option.short).filter((letter) => letter !== undefined);
    expect(new Set(long).size, 'two flags of one name').toBe(long.length);
    expect(new Set(short).size, 'two flags of one letter').toBe(short.length);
    for (const option of command.options ?? []) {
      expect(option.name).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
      expect(option.summary, option.name).not.toBe('');
      if (option.type === undefined)
        expect([undefined, false], `the switch --${option.name} is off by default`).toContain(option.default);
      if (option.required === true) expect(option.default, option.name).toBeUndefined();
    }
  });

  test('declares arguments that can be told apart', () => {
    const declared = command.arguments ?? [];
    expect(new Set(declared.map((argument) => argument.name)).size).toBe(declared.length);
    expect(
      declared.slice(0, -1).some((argument) => argument.variadic === true),
      'only the last may be variadic',
    ).toBe(false);
    const firstOptional = declared.findIndex((argument) => argument.required !== true);
    if (firstOptional >= 0)
      expect(declared.slice(firstOptional).some((argument) => argument.required === true)).toBe(false);
  });

  test('has formats that exist, and exit codes that are documented', () => {
    const formats = formatsOf(command);
    expect(new Set(formats).size).toBe(formats.length);
    for (const format of command.formats ?? []) expect(['lines', 'raw', ...formats]).toContain(format);
    if (command.output === 'rows' || command.output === 'document' || command.output === 'stream') {
      expect(formats).toEqual(expect.arrayContaining(['table', 'json', 'ndjson', 'csv', 'name']));
    }
    for (const code of command.exitCodes ?? []) expect(exitCodeMeanings).toHaveProperty(String(code));
    if (command.usesHub === true && row.hidden !== true) {
      expect(command.exitCodes, 'a command that talks to a hub can find it away, or be refused').toEqual(
        expect.arrayContaining([4, 9]),
      );
    }
  });

  test('uses every flag and argument it declares', () => {
    const words = [...(command.options ?? []), ...(command.arguments ?? [])].map((declared) => declared.name);
    const reachable = reachableCode(`src/cli/commands/${name.replaceAll(' ', '/')}.ts`);
    const orphans = words.filter((word) => !mentions(reachable, camelCase(word)));
    expect(orphans).toEqual([]);
  });
});

test('completion knows every command and every flag', async () => {
  const model = completionModel(commandTable, await loadCommands(commandTable));
  for (const { command } of visible) {
    const words = command.name.split(' ');
    const last = words.pop() ?? '';
    expect(model.next.get(words.join(' '))?.map(({ word }) => word)).toContain(last);
    expect(model.flags.get(command.name)?.map(({ word }) => word) ?? []).toEqual(
      (command.options ?? []).map((option) => `--${option.name}`),
    );
  }
});

test('what names a device, a profile, a file or a model is completed as one', () => {
  const expected: Readonly<Record<string, string>> = {
    device: 'device',
    devices: 'device',
    profile: 'profile',
    model: 'model',
    file: 'file',
  };
  const wrong = visible.flatMap(({ command }) =>
    (command.arguments ?? [])
      .filter(
        (argument) => expected[argument.name] !== undefined && argument.choices === undefined && !creates(command),
      )
      .filter((argument) => argument.complete !== expected[argument.name])
      .map((argument) => `${command.name}: ${argument.name}`),
  );
  expect(wrong).toEqual([]);
});

/** Commands that name something new have nothing to complete. */
function creates({ name }: CommandDeclaration): boolean {
  return ['provision', 'profile add', 'agent'].includes(name);
}

const frame =
  /^src\/cli\/((?!hub-log)[a-z-]+\.ts|commands\/index\.ts|options\/(global-options|parse-value|read-input)\.ts|prompt\/(create-)?prompt\.ts|(output|completion)\/.*)$/;

/** The text of a command's file and of the files beside the frame that it reaches, strings included. */
function reachableCode(path: string): string {
  const byPath = new Map(sources.map((file) => [file.path, file]));
  const seen = new Set<string>();
  const waiting = [path];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next) || (frame.test(next) && next !== path)) continue;
    seen.add(next);
    waiting.push(...(byPath.get(next)?.imports ?? []).map(({ target }) => target ?? ''));
  }
  return [...seen].map((file) => byPath.get(file)?.text ?? '').join('\n');
}

/**
 * A value is read by its name in camelCase: in quotes, as a property, or as the end of a name put together
 * (`${listener}Port`). Its declaration does not count as a use.
 */
function mentions(code: string, name: string): boolean {
  const uses = code.match(new RegExp(`(['"\`])${name}\\1|[.{,]\\s*${name}\\b`, 'g')) ?? [];
  const declarations = code.match(new RegExp(`name: (['"])${name}\\1`, 'g')) ?? [];
  if (uses.length > declarations.length) return true;
  const [end] = /[A-Z][a-z]+$/.exec(name) ?? [];
  return end !== undefined && code.includes(`}${end}\``);
}
