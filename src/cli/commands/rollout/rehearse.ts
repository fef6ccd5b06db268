import { defineCommand, optionalArg } from '../../define-command.ts';
import { specOptions } from '../../rollout/read-spec.ts';

export const command = defineCommand({
  name: 'rollout rehearse',
  summary: 'Try a rollout on simulated devices, with faults.',
  description: `Carries a plan out on simulated devices, in memory and in virtual time: the controller is the real one, and the devices update \
themselves as the agent does. Days pass in seconds, nothing is read from or written to a hub, and the same --seed gives the same \
rehearsal. It shows when waves open, what gates say, where the rollout would halt and why, and how many devices were touched by then.

With a plan file no hub is needed. With -f or flags the plan is made of the fleet as it is now, and devices have their tags and what \
they run.

--faults says what goes wrong, as a share or as a number of devices: brick (goes silent after it began to install), revert (the \
self-test fails), lie (reports a version that it does not run), corrupt (downloads are damaged), offline (away from time to time), slow; \
bad-image=VERSION and brick-image=VERSION make one version bad for all. Telemetry for gates is made to be within their limits, commands \
of gates are not run, and waves that need an approval get it; the summary names each. The exit code is what --wait would give: 0 \
completed, 8 halted, 10 needs a person.`,
  arguments: [{ name: 'plan', summary: 'file that rollout plan has written; - is standard input', complete: 'file' }],
  options: [
    ...specOptions,
    {
      name: 'faults',
      type: 'string',
      value: 'LIST',
      summary: 'what goes wrong; none for nothing',
      default: 'brick=2%,revert=1%,offline=30%',
    },
    { name: 'seed', type: 'integer', value: 'N', summary: 'the same seed gives the same rehearsal', default: 1 },
    {
      name: 'gate',
      type: 'string',
      value: 'NAME=VERDICT',
      summary: 'verdict of a gate: pass, fail or inconclusive',
      repeatable: true,
    },
    {
      name: 'trust',
      type: 'string',
      value: 'FILE',
      summary: 'keys that the devices trust (NAME.trust.json), to rehearse the signature too',
      complete: 'file',
    },
  ],
  examples: [
    { run: 'iotctl rollout rehearse pump-2.plan.json', explains: 'with some faults' },
    {
      run: 'iotctl rollout rehearse pump-2.plan.json --faults bad-image=2.0.0',
      explains: 'how many devices would a bad release reach?',
    },
    {
      run: 'iotctl rollout rehearse -f pump-2.yaml --gate pressure=fail -o json',
      explains: 'a plan of the fleet as it is, and a gate that fails',
    },
  ],
  exitCodes: [1, 3, 4, 5, 8, 9, 10, 124, 143],
  output: 'document',
  usesHub: true,
  async run(context, input) {
    const { rehearseRollout } = await import('../../rollout/rehearse-rollout.ts');
    await rehearseRollout(context, input, optionalArg(input, 'plan'));
  },
});
