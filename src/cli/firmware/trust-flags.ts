import { Failure } from '../../errors/index.ts';
import type { Trust } from '../../protocol/firmware/index.ts';
import type { CommandContext } from '../context.ts';
import { textOption, type CommandInput, type OptionDeclaration } from '../define-command.ts';
import { nameOfInput, readText } from './read-bytes.ts';

export const trustOptions: readonly OptionDeclaration[] = [
  {
    name: 'trust',
    type: 'string',
    value: 'FILE',
    summary: 'keys that are trusted (NAME.trust.json)',
    complete: 'file',
  },
  {
    name: 'public-key',
    type: 'string',
    value: 'FILE',
    summary: 'the one key that is trusted, in PEM',
    complete: 'file',
  },
];

/** The keys of `--trust` or `--public-key`; undefined when neither was given. Failures: usage, invalid-input, those of the file. */
export async function readTrustFlags(
  context: Pick<CommandContext, 'stdin'>,
  input: CommandInput,
): Promise<Pick<Trust, 'keys'> | undefined> {
  const [trust, publicKey] = [textOption(input, 'trust'), textOption(input, 'publicKey')];
  if (trust !== undefined && publicKey !== undefined)
    throw new Failure('usage', '--trust and --public-key exclude each other');
  const { keysOf, openPublicKey, readTrustText } = await import('../../fleet/firmware/index.ts');
  if (trust !== undefined) return readTrustText(await readText(context, trust), nameOfInput(trust)).trust;
  if (publicKey === undefined) return undefined;
  return keysOf(openPublicKey(await readText(context, publicKey), nameOfInput(publicKey)));
}
