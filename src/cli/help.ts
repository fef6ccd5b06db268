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
export function helpBefore(command: CommandDeclaration, width: number): string {
  const examples = command.examples.flatMap((example) => [
    ...wrapWords(example.explains.split(' '), width, { first: '  # ', next: '  # ', end: '' }),
    ...wrapWords(shellWords(example.run), width, { first: '  $ ', next: '      ', end: ' \\' }),
  ]);
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

/** Lines of words, each begun as given; all but the last end with `end`. */
function wrapWords(
  words: readonly string[],
  width: number,
  { first, next, end }: { readonly first: string; readonly next: string; readonly end: string },
): string[] {
  const lines: string[][] = [];
  let used = 0;
  for (const [index, word] of words.entries()) {
    const room = index === words.length - 1 ? width : width - end.length;
    const line = lines.at(-1);
    if (line === undefined || used + 1 + word.length > room) {
      used = (line === undefined ? first : next).length + word.length;
      lines.push([word]);
    } else {
      used += 1 + word.length;
      line.push(word);
    }
  }
  return lines.map(
    (line, index) => `${index === 0 ? first : next}${line.join(' ')}${index === lines.length - 1 ? '' : end}`,
  );
}

/** The words of an example, as they are written: a quoted text stays whole, a flag with its value, an operator with what follows. */
function shellWords(run: string): readonly string[] {
  const words = run.match(/(?:"(?:[^"\\]|\\(?:[^]|$))*(?:"|$)|'[^']*(?:'|$)|[^\s"'])+/g) ?? [run];
  const kept: string[] = [];
  for (const [index, word] of words.entries()) {
    const before = words[index - 1] ?? '';
    const belongs = /^(--?[a-z]|\||>|&&)/.test(before) && !/^(-|\||>|&)/.test(word);
    if (belongs) kept.push(`${kept.pop() ?? ''} ${word}`);
    else kept.push(word);
  }
  return kept;
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
    'Every flag has a variable: --output is IOTCTL_OUTPUT, hub start --mqtt-port is',
    'IOTCTL_HUB_START_MQTT_PORT.',
    'iotctl COMMAND --help shows examples and exit codes.',
  ].join('\n');
}
