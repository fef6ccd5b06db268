import { defineCommand, optionalArg, switchOption, textOption } from '../../define-command.ts';
import { choosePassphrase, passphraseIn } from '../../firmware/signing-key.ts';
import { madeKeysView } from '../../views/firmware-view.ts';

export const command = defineCommand({
  name: 'firmware keygen',
  summary: 'Make a key to sign firmware with.',
  description: `Makes an Ed25519 key and writes three files, none of which is ever overwritten: NAME.key, the private key, \
readable by you alone; NAME.pub, its public half; and NAME.trust.json, the keys that a device is to trust, which is given to devices when \
they are provisioned. The private key stays where you keep it: no command sends it anywhere.

With --encrypt the private key is encrypted by a passphrase, which is asked for, or taken from IOTCTL_SIGNING_PASSPHRASE; where \
that is set the key is encrypted always.`,
  arguments: [{ name: 'name', summary: 'what the files are called; firmware when left out' }],
  options: [
    { name: 'out', type: 'string', value: 'DIR', summary: 'where the files go', default: '.', complete: 'directory' },
    { name: 'encrypt', summary: 'encrypt the private key by a passphrase' },
  ],
  examples: [
    { run: 'iotctl firmware keygen release', explains: 'release.key, release.pub and release.trust.json' },
    { run: 'iotctl firmware keygen release --encrypt --out keys', explains: 'asks for a passphrase' },
  ],
  exitCodes: [1, 4, 5],
  output: 'document',
  async run(context, input) {
    const { makeKeys } = await import('../../../fleet/firmware/index.ts');
    const encrypts = switchOption(input, 'encrypt') || passphraseIn(context.env) !== undefined;
    const made = await makeKeys({
      name: optionalArg(input, 'name') ?? 'firmware',
      directory: textOption(input, 'out') ?? '.',
      passphrase: encrypts ? await choosePassphrase(context) : undefined,
      now: context.clock.now(),
    });
    await context.output.document(made, madeKeysView);
    context.notes.info(
      `keep ${made.privateKeyFile} secret, with a copy in a safe place; give devices ${made.trustFile}`,
    );
  },
});
