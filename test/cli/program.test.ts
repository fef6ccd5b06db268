import { describe, expect, test } from 'vitest';
import type { CommandDeclaration, CommandRow } from '../../src/cli/define-command.ts';
import { parseLine, type CommandTable, type ParsedLine } from '../../src/cli/program.ts';

const loaded: string[] = [];

function row(declaration: Partial<CommandDeclaration> & { name: string }): CommandRow {
  const command: CommandDeclaration = {
    summary: `Does ${declaration.name}.`,
    examples: [{ run: `iotctl ${declaration.name}`, explains: 'it' }],
    output: 'rows',
    run: async () => undefined,
    ...declaration,
  };
  return {
    name: command.name,
    summary: command.summary,
    hidden: command.hidden === true,
    load: async () => {
      loaded.push(command.name);
      return { command };
    },
  };
}

const table: CommandTable = {
  groups: { device: 'Look at devices.' },
  rows: [
    row({ name: 'device list', options: [{ name: 'where', summary: 'which', type: 'string' }] }),
    row({ name: 'device show', arguments: [{ name: 'device', summary: 'its id', required: true }] }),
    row({
      name: 'send-command',
      arguments: [
        { name: 'device', summary: 'its id', required: true },
        { name: 'words', summary: 'the rest', variadic: true },
      ],
      options: [
        { name: 'timeout', short: 't', summary: 'how long', type: 'duration', default: '30s' },
        { name: 'tag', summary: 'a tag', type: 'string', repeatable: true },
        { name: 'no-wait', summary: 'do not wait' },
        { name: 'dry-run', summary: 'only say it' },
        { name: 'concurrency', summary: 'how many', type: 'integer', minimum: 1, default: 10 },
      ],
    }),
    row({
      name: 'needs',
      options: [
        { name: 'first', summary: 'first', type: 'string', required: true },
        { name: 'second', summary: 'second', type: 'string', required: true },
      ],
    }),
    row({
      name: 'long',
      examples: [
        {
          run: `iotctl long --where "tags.site = 'north' AND tags.floor = 'the second'" --limit 2% | iotctl long --first a --second b --third c --fourth d > long.json`,
          explains: 'what takes more than one line is explained in more than one, each of them a comment',
        },
      ],
    }),
    row({ name: 'secret', hidden: true }),
  ],
};

function parse(line: string, env: Record<string, string> = {}): Promise<ParsedLine> {
  const words = line === '' ? [] : line.split(' ');
  return parseLine(words, table, { env, now: Date.UTC(2026, 0, 1), version: () => '1.2.3', helpWidth: 80 });
}

async function run(line: string, env: Record<string, string> = {}): Promise<Extract<ParsedLine, { kind: 'run' }>> {
  const parsed = await parse(line, env);
  if (parsed.kind !== 'run') throw new Error(`"${line}" only prints: ${parsed.text}`);
  return parsed;
}

async function printed(line: string): Promise<string> {
  const parsed = await parse(line);
  if (parsed.kind !== 'print') throw new Error(`"${line}" runs ${parsed.command.name}`);
  return parsed.text;
}

describe('a command line', () => {
  test('loads the file of its command and no other', async () => {
    loaded.length = 0;
    await run('device list --where x');
    expect(loaded).toEqual(['device list']);
  });

  test('gives typed values with defaults', async () => {
    const { input } = await run('send-command pump-1 reboot now --tag a=1 --tag b=2 --no-wait');
    expect(input.args).toEqual({ device: 'pump-1', words: ['reboot', 'now'] });
    expect(input.options).toEqual({
      timeout: 30_000,
      tag: ['a=1', 'b=2'],
      noWait: true,
      dryRun: false,
      concurrency: 10,
    });
  });

  test('takes global flags before, between and after the words', async () => {
    for (const line of [
      '-o json --profile p device list',
      'device -o json list --profile p',
      'device list --profile=p -o json',
    ]) {
      const { globals } = await run(line);
      expect(globals).toMatchObject({ profile: 'p', output: { format: 'json', source: 'flag' } });
    }
  });

  test('everything after -- is an argument', async () => {
    expect((await run('send-command -- pump-1 --dry-run')).input).toMatchObject({
      args: { device: 'pump-1', words: ['--dry-run'] },
      options: { dryRun: false },
    });
  });

  test('a flag wins over its variable, the variable over the default', async () => {
    const env = {
      IOTCTL_SEND_COMMAND_TIMEOUT: '5s',
      IOTCTL_SEND_COMMAND_DRY_RUN: 'yes',
      IOTCTL_SEND_COMMAND_TAG: 'a=1\nb=2',
    };
    expect((await run('send-command pump-1', env)).input.options).toMatchObject({
      timeout: 5_000,
      dryRun: true,
      tag: ['a=1', 'b=2'],
    });
    expect((await run('send-command pump-1 -t 7s', env)).input.options).toMatchObject({ timeout: 7_000 });
    await expect(run('send-command pump-1', { IOTCTL_SEND_COMMAND_TIMEOUT: 'soon' })).rejects.toThrow(
      'IOTCTL_SEND_COMMAND_TIMEOUT: "soon" is not a duration',
    );
    await expect(run('send-command pump-1', { IOTCTL_YES: 'perhaps' })).rejects.toThrow('IOTCTL_YES');
  });

  test('global variables', async () => {
    const { globals } = await run('device list', {
      IOTCTL_OUTPUT: 'csv',
      IOTCTL_NO_INPUT: '1',
      IOTCTL_YES: '0',
      IOTCTL_COLUMNS: 'a, b',
      IOTCTL_PROFILE: 'x',
    });
    expect(globals).toMatchObject({
      output: { format: 'csv', source: 'environment' },
      noInput: true,
      yes: false,
      columns: ['a', 'b'],
    });
    // The choice of a hub ranks its variables itself.
    expect(globals.profile).toBeUndefined();
  });
});

describe('a command line that is wrong', () => {
  test.each([
    ['devise list', 'unknown-command', "unknown command 'devise'", 'Did you mean iotctl device list?'],
    ['device lst', 'unknown-command', "unknown command 'lst'", 'Did you mean iotctl device list?'],
    ['device list --were x', 'usage', "unknown option '--were'", 'Did you mean --where?'],
    ['device list --zzz', 'usage', "unknown option '--zzz'", 'iotctl device list --help'],
    ['--zzz -o json', 'usage', "unknown option '--zzz'", 'iotctl --help'],
    ['device --zzz', 'usage', "unknown option '--zzz'", 'iotctl device --help'],
    ['device show', 'usage', "missing required argument 'DEVICE'", 'iotctl device show --help'],
    ['device list --where', 'usage', "option '--where <STRING>' argument missing", 'iotctl device list --help'],
    ['needs', 'usage', '--first, --second are required', 'iotctl needs --help'],
    ['needs --first x', 'usage', '--second is required', 'iotctl needs --help'],
    [
      'send-command p -t soon',
      'invalid-value',
      '--timeout: "soon" is not a duration such as 500ms, 30s, 10m or 1h30m',
      undefined,
    ],
    ['send-command p --concurrency 0', 'invalid-value', '--concurrency: "0" is not 1 or more', undefined],
    [
      'device list -o xml',
      'invalid-value',
      '--output: "xml" is not one of table, wide, json, ndjson, yaml, csv, name, lines, raw',
      undefined,
    ],
  ])('%s', async (line, code, message, hint) => {
    await expect(parse(line)).rejects.toMatchObject({ code, message, hint, exitCode: 2 });
  });

  test('too many words are told', async () => {
    await expect(parse('device show a b')).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('too many arguments'),
    });
    await expect(parse('device show a HostName=h;SharedAccessKey=x')).rejects.toMatchObject({
      hint: 'a connection string is never an argument: --connection-string-file FILE, or pipe it in',
    });
  });
});

describe('help', () => {
  test('no words give the short help, which loads nothing', async () => {
    loaded.length = 0;
    const text = await printed('');
    expect(text).toContain('Usage: iotctl COMMAND [OPTIONS]');
    expect(text).toContain('Does send-command.');
    expect(text).toContain('--no-input');
    expect(text).not.toContain('secret');
    expect(loaded).toEqual([]);
    expect(await printed('--help')).toBe(text);
    expect(await printed('help')).toBe(text);
  });

  test('a group prints its commands, and loads none', async () => {
    loaded.length = 0;
    const text = await printed('device');
    expect(text).toContain('Usage: iotctl device COMMAND [OPTIONS]');
    expect(text).toMatch(/list +Does device list\./);
    expect(loaded).toEqual([]);
    expect(await printed('device --help')).toBe(text);
  });

  test('a command shows usage, flags, examples and exit codes', async () => {
    const text = await printed('help device show');
    expect(text).toContain('Usage: iotctl device show DEVICE [OPTIONS]');
    expect(text).toContain('  # it\n  $ iotctl device show');
    expect(text).toMatch(/ 2 {2}usage/);
    expect(text).toContain('iotctl --help');
    expect(text.indexOf('Examples:')).toBeLessThan(text.indexOf('Options:'));
    expect(await printed('device show -h')).toBe(text);
  });

  test('an example that is too long goes on in the next line as a shell reads it', async () => {
    const text = await printed('long --help');
    expect(text).toContain(
      [
        '  # what takes more than one line is explained in more than one, each of them a',
        '  # comment',
        `  $ iotctl long --where "tags.site = 'north' AND tags.floor = 'the second'" \\`,
        '      --limit 2% | iotctl long --first a --second b --third c --fourth d \\',
        '      > long.json',
      ].join('\n'),
    );
  });

  test('the version', async () => {
    expect(await printed('--version')).toBe('1.2.3\n');
    expect(await printed('--no-color --version')).toBe('1.2.3\n');
  });

  test('no version in the place of a command: a script would take it for success', async () => {
    await expect(printed('device show --version 2.0.0')).rejects.toMatchObject({ code: 'usage' });
  });
});
