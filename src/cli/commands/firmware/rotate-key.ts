import { dryRunOption } from '../../changes/change-devices.ts';
import { defineCommand } from '../../define-command.ts';
import { rotateFromFlags } from '../../firmware/rotate.ts';
import { keyOption } from '../../firmware/signing-key.ts';

export const command = defineCommand({
  name: 'firmware rotate-key',
  summary: 'Change the keys that devices trust.',
  description: `Makes the set of keys that follows the present one: with --new-key a key joins, with --retire one leaves. It is signed by \
a key of the present set (--key) and by one of its own, written to a file for new devices, and added to the chain at the hub, which \
offers of rollouts carry: a device goes from the set it has to the newest one by itself. Retire a key when the devices have the set with \
its successor; releases that only it has signed are signed again before (firmware sign --resign).

The present set is that of the hub, or of --trust. A machine that holds keys need not reach a hub: with --offline only the file is \
written, and --publish FILE adds it at the hub from elsewhere. A hub that knows no keys learns the first set by --publish NAME.trust.json.`,
  options: [
    { name: 'trust', type: 'string', value: 'FILE', summary: 'the present set (NAME.trust.json)', complete: 'file' },
    keyOption,
    { name: 'new-key', type: 'string', value: 'FILE', summary: 'private key that joins', complete: 'file' },
    {
      name: 'retire',
      type: 'string',
      value: 'KEY',
      repeatable: true,
      summary: 'key that leaves: its id, or the file of its public key',
      complete: 'file',
    },
    {
      name: 'out',
      type: 'string',
      value: 'FILE',
      summary: 'the new set; trust-VERSION.json when left out',
      complete: 'file',
    },
    { name: 'offline', summary: 'only write the file' },
    {
      name: 'publish',
      type: 'string',
      value: 'FILE',
      summary: 'add this set at the hub; nothing is signed',
      complete: 'file',
    },
    dryRunOption,
  ],
  examples: [
    { run: 'iotctl firmware rotate-key --publish release.trust.json', explains: 'tells a hub the first key' },
    { run: 'iotctl firmware rotate-key --key release.key --new-key next.key', explains: 'both are trusted' },
    { run: 'iotctl firmware rotate-key --key next.key --retire release.pub', explains: 'the new one alone' },
    {
      run: 'iotctl firmware rotate-key --trust release.trust.json --key release.key --new-key next.key --offline',
      explains: 'without a hub; trust-2.json',
    },
  ],
  exitCodes: [1, 3, 4, 5, 9, 143],
  output: 'document',
  usesHub: true,
  run: rotateFromFlags,
});
