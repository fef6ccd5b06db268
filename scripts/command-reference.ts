import { exitCodeMeanings, failures, type ExitCode, type FailureEntry } from '../src/errors/index.ts';
import type { ArgumentDeclaration, CommandDeclaration, OptionDeclaration } from '../src/cli/define-command.ts';
import { exitCodesOf } from '../src/cli/help.ts';
import { globalOptionDeclarations } from '../src/cli/options/global-options.ts';
import { variableName } from '../src/cli/options/read-input.ts';
import { formatsOf } from '../src/cli/output/choose-format.ts';
import { describeOption, usageOf } from '../src/cli/usage.ts';

/** docs/commands.md: every command with its usage, options, examples and exit codes. */
export function commandReference(commands: readonly CommandDeclaration[]): string {
  const parts = [
    '# Commands',
    '',
    'Generated from the declarations of the commands (`npm run docs`); do not edit.',
    '',
    ...commands.map(
      (command) => `- [\`iotctl ${command.name}\`](#iotctl-${command.name.replaceAll(' ', '-')}): ${command.summary}`,
    ),
    '',
    '## Flags of every command',
    '',
    ...optionTable(globalOptionDeclarations),
    '',
    'A flag wins over its variable. `NO_COLOR`, `FORCE_COLOR`, `CLICOLOR` and `CLICOLOR_FORCE` are honoured below `--color` and `--no-color`.',
    '',
    'An isolated environment: `IOTCTL_CONFIG_DIR`, `IOTCTL_DATA_DIR`, `IOTCTL_STATE_DIR` and `IOTCTL_CACHE_DIR` override the directories',
    '(else `XDG_CONFIG_HOME`, `XDG_DATA_HOME`, `XDG_STATE_HOME` and `XDG_CACHE_HOME`, each with `/iotctl`).',
    ...commands.flatMap(commandSection),
  ];
  return `${parts.join('\n')}\n`;
}

/** docs/errors.md: the exit codes and every failure, from the one table. */
export function errorReference(): string {
  const entries: readonly (readonly [string, FailureEntry])[] = Object.entries(failures);
  const parts = [
    '# Exit codes and errors',
    '',
    'Generated from `src/errors` (`npm run docs`); do not edit.',
    '',
    '## Exit codes',
    '',
    '| code | meaning |',
    '|---:|---|',
    ...Object.entries(exitCodeMeanings).map(([code, meaning]) => `| ${code} | ${meaning} |`),
    '',
    '## Errors',
    '',
    'stderr says `error: …` and, where something helps, `hint: …`. With `-o json` or `-o ndjson` it is one object instead:',
    '`{"error":{"code","message","hint","exitCode","details","retryable"}}`. Codes and keys are stable, wording is not.',
    '',
    '| code | exit | meaning | what helps |',
    '|---|---:|---|---|',
    ...entries.map(([code, entry]) => `| \`${code}\` | ${entry.exit} | ${entry.meaning} | ${helps(entry)} |`),
  ];
  return `${parts.join('\n')}\n`;
}

function helps(entry: FailureEntry): string {
  if (entry.hint !== undefined) return entry.hint.startsWith('iotctl') ? `\`${entry.hint}\`` : entry.hint;
  return entry.kind === 'bug' ? 'run it again with `--debug` and report it' : '';
}

function commandSection(command: CommandDeclaration): string[] {
  const formats = formatsOf(command);
  return [
    '',
    `## iotctl ${command.name}`,
    '',
    command.description ?? command.summary,
    '',
    '```',
    usageOf(command),
    '```',
    ...(command.arguments === undefined ? [] : ['', ...argumentTable(command.arguments)]),
    ...(command.options === undefined || command.options.length === 0
      ? []
      : ['', ...optionTable(command.options, command.name)]),
    '',
    'Examples:',
    '',
    '```sh',
    ...command.examples.flatMap((example) => [`# ${example.explains}`, example.run]),
    '```',
    '',
    ...(formats.length === 0 ? [] : [`Formats (\`-o\`): ${formats.join(', ')}.`, '']),
    `Exit codes: ${exitCodesOf(command).map(exitCodeText).join('; ')}.`,
  ];
}

function exitCodeText(code: ExitCode): string {
  return `${code} ${exitCodeMeanings[code]}`;
}

function argumentTable(declared: readonly ArgumentDeclaration[]): string[] {
  return [
    '| argument | |',
    '|---|---|',
    ...declared.map((argument) => `| \`${argument.name.toUpperCase()}\` | ${cell(argument.summary)} |`),
  ];
}

function optionTable(options: readonly OptionDeclaration[], command?: string): string[] {
  const rows = options.map((option) => {
    const value = option.type === undefined ? '' : ` ${option.value ?? option.type.toUpperCase()}`;
    const short = option.short === undefined ? '' : `-${option.short}, `;
    return `| \`${short}--${option.name}${value}\` | ${cell(describeOption(option))} | \`${variableName(option.name, command)}\` |`;
  });
  return ['| flag | | variable |', '|---|---|---|', ...rows];
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
