import type { KeyObject } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { Failure } from '../../errors/index.ts';
import type { CommandContext } from '../context.ts';
import type { OptionDeclaration } from '../define-command.ts';
import { nameOfInput, readText } from './read-bytes.ts';

/** The private key itself, in PEM, and what opens one that is encrypted: for CI, where there is neither a file nor a terminal. */
const variables = { key: 'IOTCTL_SIGNING_KEY', passphrase: 'IOTCTL_SIGNING_PASSPHRASE' } as const;

export const keyOption = {
  name: 'key',
  type: 'string',
  value: 'FILE',
  summary: `private key that signs (- is standard input; else the key in ${variables.key})`,
  complete: 'file',
} as const satisfies OptionDeclaration;

type KeyContext = Pick<CommandContext, 'env' | 'notes' | 'platform' | 'prompt' | 'stdin'>;

/** The key of `--key`, or of the environment. Failures: usage, input-required, not-authorised (passphrase), those of the file. */
export async function readSigningKey(context: KeyContext, file: string | undefined): Promise<KeyObject> {
  const { isEncryptedKey, openPrivateKey } = await import('../../fleet/firmware/index.ts');
  const where = file === undefined ? variables.key : nameOfInput(file);
  const pem = file === undefined ? context.env[variables.key] : await readText(context, file);
  if (pem === undefined || pem === '')
    throw new Failure('usage', 'there is no key to sign with', {
      hint: `add --key FILE, or set ${variables.key}; iotctl firmware keygen NAME makes one`,
    });
  if (file !== undefined && file !== '-') await warnOfOpenFile(context, file);
  return openPrivateKey(
    pem,
    where,
    isEncryptedKey(pem) ? await readPassphrase(context, `Passphrase of ${where}:`) : undefined,
  );
}

/** A passphrase for a new key: from the environment, or typed twice. Failures: input-required, invalid-value. */
export async function choosePassphrase(context: KeyContext): Promise<string> {
  const passphrase = await readPassphrase(context, 'Passphrase of the new key:');
  if (passphrase === '') throw new Failure('invalid-value', 'a passphrase is empty');
  const given = passphraseIn(context.env);
  if (given === undefined && (await readPassphrase(context, 'The same again:')) !== passphrase)
    throw new Failure('invalid-value', 'the two passphrases are not the same');
  return passphrase;
}

/** What the environment gives; undefined for nothing. */
export function passphraseIn(env: KeyContext['env']): string | undefined {
  const given = env[variables.passphrase];
  return given === '' ? undefined : given;
}

async function readPassphrase({ env, prompt }: KeyContext, message: string): Promise<string> {
  return passphraseIn(env) ?? prompt.secret({ message, flag: variables.passphrase });
}

async function warnOfOpenFile({ notes, platform }: KeyContext, file: string): Promise<void> {
  if (platform === 'win32') return;
  const { mode } = await stat(file).catch(() => ({ mode: 0 }));
  if ((mode & 0o077) !== 0) notes.warn(`other users of this machine can read ${file}; chmod 600 ${file}`);
}
