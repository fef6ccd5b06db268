import { exitCodeMeanings, exitCodes, type ExitCode } from '../errors/index.ts';
import type { CommandDeclaration } from './define-command.ts';

/** Codes every command can end with. */
const commonExitCodes: readonly ExitCode[] = [exitCodes.ok, exitCodes.usage, exitCodes.bug, exitCodes.interrupted];

/** All codes of a command, in order. */
export function exitCodesOf(command: CommandDeclaration): readonly ExitCode[] {
  return [...new Set([...commonExitCodes, ...(command.exitCodes ?? [])])].toSorted((a, b) => a - b);
}

/** The part of a command's help below its options: examples and exit codes. */
export function helpAfter(command: CommandDeclaration): string {
  const examples = command.examples.flatMap((example) => [`  # ${example.explains}`, `  $ ${example.run}`]);
  const codes = exitCodesOf(command).map((code) => `  ${String(code).padStart(3)}  ${exitCodeMeanings[code]}`);
  return ['', 'Examples:', ...examples, '', 'Exit codes:', ...codes].join('\n');
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
