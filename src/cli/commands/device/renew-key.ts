import { changeDevices, dryRunOption } from '../../changes/change-devices.ts';
import { choiceOption, defineCommand, listArg, switchOption } from '../../define-command.ts';
import { selectorOptions } from '../../options/selector.ts';
import { renewalView } from '../../views/renewal-view.ts';

const keyChoices = ['primary', 'secondary', 'both'] as const;

export const command = defineCommand({
  name: 'device renew-key',
  summary: 'Give devices new keys.',
  description: `Gives devices, and modules named DEVICE/MODULE, new keys.

Without --key the primary key becomes new and the old one goes on as the secondary: a device that holds the
primary key stays connected and can reconnect, until it has learnt the new one and the next renewal ends the
old. --key primary or secondary renews that key alone and cuts whoever uses it; --key both leaves no key that
a device knows. Keys are shown only with --show-secrets.`,
  arguments: [{ name: 'device', summary: 'ids, DEVICE/MODULE and globs', variadic: true, complete: 'device' }],
  options: [
    ...selectorOptions,
    {
      name: 'key',
      type: 'string',
      value: 'KEY',
      summary: 'which key: primary, secondary or both; without it old and new overlap',
      choices: keyChoices,
    },
    { name: 'show-secrets', summary: 'also show the keys and connection strings' },
    dryRunOption,
  ],
  examples: [
    { run: 'iotctl device renew-key pump-001', explains: 'a new primary key; the old one still works' },
    {
      run: 'iotctl device renew-key --where "tags.site = \'north\'" --show-secrets -o csv > keys.csv',
      explains: 'a whole site, with what its devices need to know',
    },
    { run: 'iotctl device renew-key pump-001 --key both', explains: 'after a leak: nothing that was known works' },
  ],
  exitCodes: [1, 3, 4, 5, 7, 9, 143],
  output: 'rows',
  usesHub: true,
  outlivesReader: true,
  async run(context, input) {
    const { renewKeys } = await import('../../../fleet/devices/index.ts');
    const mode = choiceOption(input, 'key', keyChoices) ?? 'overlap';
    const showSecrets = switchOption(input, 'showSecrets');
    const { deviceHostName } = await context.hub();
    await changeDevices(context, input, {
      words: { infinitive: 'renew the keys of', done: 'renewed', already: 'renewed already' },
      asksForOne: mode !== 'overlap',
      takesModules: true,
      ids: listArg(input, 'device'),
      ...(showSecrets && { view: renewalView(deviceHostName) }),
      run: (hub, identities, concurrency) => renewKeys(hub, identities, { mode, concurrency, signal: context.signal }),
    });
  },
});
