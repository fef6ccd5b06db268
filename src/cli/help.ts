import { exitCodeMeanings, exitCodes, type ExitCode } from '../errors/index.ts';
import type { CommandDeclaration } from './define-command.ts';
import { formatsOf } from './output/choose-format.ts';

/** Codes every command can end with. */
const commonExitCodes: readonly ExitCode[] = [exitCodes.ok, exitCodes.usage, exitCodes.bug, exitCodes.interrupted];

/** All codes of a command, in order. */
export function exitCodesOf(command: CommandDeclaration): readonly ExitCode[] {
  return [...new Set([...commonExitCodes, ...(command.exitCodes ?? [])])].toSorted((a, b) => a - b);
}

/** The words above a command's arguments: what it does, then how it is used, because most readers look for an example. */
export function helpBefore(command: CommandDeclaration): string {
  const examples = command.examples.flatMap((example) => [`  # ${example.explains}`, `  $ ${example.run}`]);
  return [reflow(command.description ?? command.summary), '', 'Examples:', ...examples].join('\n');
}

/** The part of a command's help below its options: what all commands share, in short, and its exit codes. */
export function helpAfter(command: CommandDeclaration): string {
  const formats = formatsOf(command);
  const codes = exitCodesOf(command).map((code) => `  ${String(code).padStart(3)}  ${exitCodeMeanings[code]}`);
  return [
    ...(formats.length === 0 ? [] : ['', `Formats (-o): ${formats.join(', ')}`]),
    '',
    'Exit codes:',
    ...codes,
    '',
    'Every command also takes --profile, -o, --query, --yes, --quiet and the other',
    'flags of iotctl --help.',
  ].join('\n');
}

/** Paragraphs of a declaration are wrapped for the source's width; the parser wraps them again for the terminal's. */
function reflow(text: string): string {
  return text
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.split('\n').join(' '))
    .join('\n\n');
}

export function rootHelpAfter(): string {
  return [
    '',
    'Start here:',
    '  $ iotctl demo                     the whole story in half a minute',
    '  $ iotctl hub start --detach       a hub on this machine',
    '  $ iotctl provision pump-1         a device in it',
    '  $ iotctl tail telemetry           what the devices say',
    '',
    'Every flag has a variable: --output is IOTCTL_OUTPUT, hub start --mqtt-port is IOTCTL_HUB_START_MQTT_PORT.',
    'iotctl COMMAND --help shows examples and exit codes.',
  ].join('\n');
}
