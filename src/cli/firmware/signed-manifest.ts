import { Failure } from '../../errors/index.ts';
import type { Manifest, SignedManifest } from '../../protocol/firmware/index.ts';
import type { CommandContext } from '../context.ts';
import { listOption, numberOption, optionalArg, textOption, type CommandInput } from '../define-command.ts';
import { nameOfInput, readBytes, readText } from './read-bytes.ts';
import { readReleaseWord } from './release-word.ts';
import { readSigningKey } from './signing-key.ts';

interface Measured {
  readonly size: number;
  readonly sha256: string;
}

/** The manifest that `firmware sign` is about: of its flags, of the payload that was signed elsewhere, or of a release to sign again. */
export async function manifestFromFlags(
  context: CommandContext,
  input: CommandInput,
  file: Measured & { readonly path: string },
): Promise<Manifest> {
  const { describeFirmware, readPayload, refuseOtherFile } = await import('../../fleet/firmware/index.ts');
  const [payload, signature, again] = ['payload', 'signature', 'resign'].map((name) => textOption(input, name));
  if (signature === undefined && again === undefined) return describeFirmware(file, await releaseFacts(context, input));
  refuseFacts(input, signature === undefined ? '--resign' : '--signature');
  if (signature !== undefined && payload === undefined)
    throw new Failure('usage', '--signature needs --payload, the file that was signed');
  const manifest =
    signature !== undefined && payload !== undefined
      ? readPayload(await readBytes(context, payload), payload)
      : (await readManifest(context, again ?? '')).manifest;
  refuseOtherFile({ size: file.size, sha256: file.sha256 }, manifest, file.path);
  return manifest;
}

/** Signs with the key at hand, or attaches what was signed elsewhere. */
export async function signFromFlags(
  context: CommandContext,
  input: CommandInput,
  manifest: Manifest,
): Promise<SignedManifest> {
  const [signature, publicKey] = [textOption(input, 'signature'), textOption(input, 'publicKey')];
  if (signature === undefined) {
    const { signManifest } = await import('../../protocol/firmware/index.ts');
    return signManifest(manifest, await readSigningKey(context, textOption(input, 'key')));
  }
  if (publicKey === undefined)
    throw new Failure('usage', '--signature needs --public-key, the key that the signature is by');
  const { attachSignature, openPublicKey } = await import('../../fleet/firmware/index.ts');
  const key = openPublicKey(await readText(context, publicKey), nameOfInput(publicKey));
  return attachSignature(manifest, await readBytes(context, signature), key);
}

/** A signed manifest by the name of its file, or `-`. Failures: invalid-input and those of the file. */
export async function readManifest(context: Pick<CommandContext, 'stdin'>, file: string): Promise<SignedManifest> {
  const { readManifestJson, readSignedManifest } = await import('../../fleet/firmware/index.ts');
  const where = nameOfInput(file);
  return readSignedManifest(readManifestJson(await readText(context, file), where), where);
}

async function releaseFacts(context: CommandContext, input: CommandInput) {
  const { dayCounter } = await import('../../fleet/firmware/index.ts');
  const word = optionalArg(input, 'release');
  const hardware = listOption(input, 'hardware');
  if (word === undefined || hardware.length === 0)
    throw new Failure('usage', 'a release needs its name and version, and the hardware that it fits', {
      hint: 'iotctl firmware sign FILE pump@2.0.0 --hardware pump-v2 --key FILE',
    });
  const backTo = textOption(input, 'backTo');
  const typed = numberOption(input, 'releaseCounter');
  if (backTo !== undefined && typed !== undefined)
    throw new Failure('usage', '--release-counter and --back-to exclude each other');
  const createdAt = numberOption(input, 'createdAt') ?? context.clock.now();
  const former = backTo === undefined ? undefined : (await readManifest(context, backTo)).manifest.releaseCounter;
  const releaseCounter = typed ?? former ?? dayCounter(createdAt);
  if (typed === undefined)
    context.notes.info(
      former === undefined
        ? `release counter ${releaseCounter}, the day of signing: a device that has run this release goes back to none of an earlier day`
        : `release counter ${releaseCounter}, that of ${backTo ?? ''}: devices can go back to it`,
    );
  return {
    ...(await readReleaseWord(word)),
    hardware,
    releaseCounter,
    minVersion: textOption(input, 'minVersion'),
    createdAt,
  };
}

/** What a manifest that exists already says is not said again. */
function refuseFacts(input: CommandInput, flag: string): void {
  const given = ['releaseCounter', 'backTo', 'minVersion', 'createdAt'].some(
    (name) => input.options[name] !== undefined,
  );
  if (given || optionalArg(input, 'release') !== undefined || listOption(input, 'hardware').length > 0)
    throw new Failure('usage', `with ${flag} the manifest is there already; leave out what describes the release`);
}
