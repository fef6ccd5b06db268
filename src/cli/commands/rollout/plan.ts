import { defineCommand, listArg, switchOption, textOption } from '../../define-command.ts';
import { readSpec, specOptions } from '../../rollout/read-spec.ts';
import { showPlan, warnOfMissing } from '../../rollout/show-plan.ts';
import { plannedDeviceView } from '../../views/plan-view.ts';

export const command = defineCommand({
  name: 'rollout plan',
  summary: 'Plan a rollout: which device in which wave, or why not.',
  description: `Looks at the fleet and shows what rollout create would do; --out keeps it as a file, of which rollout create does exactly \
what it says, or refuses. The plan is the same each time as long as the fleet is.

A specification is written in YAML or JSON, or in flags; where both say something, the flag counts. Globs stand for the devices that \
match them now; devices that come to match --where later join the wave that is open then.`,
  arguments: [{ name: 'device', summary: 'ids and globs of devices', variadic: true, complete: 'device' }],
  options: [
    ...specOptions,
    { name: 'out', type: 'string', value: 'PLAN', summary: 'write the plan to this file', complete: 'file' },
    { name: 'devices', summary: 'a row for each device instead of for each wave' },
  ],
  examples: [
    {
      run: 'iotctl rollout plan -f pump-2.yaml --out pump-2.plan.json',
      explains: 'by a specification, for rollout create',
    },
    {
      run: 'iotctl rollout plan --firmware pump@2.1.0 --where "tags.site = \'north\'" --waves 5,10%,50%,100% --bake 30m --failure-limit 2%',
      explains: 'by flags, only to look',
    },
    {
      run: "iotctl rollout plan 'pump-*' --firmware pump@2.1.0 --devices -o csv",
      explains: 'each device with its wave',
    },
  ],
  exitCodes: [1, 3, 4, 5, 9, 143],
  output: 'document',
  usesHub: true,
  async run(context, input) {
    const { makePlan } = await import('../../../fleet/rollout/operate/index.ts');
    const spec = await readSpec(context, input, listArg(input, 'device'));
    const hub = await context.hub();
    const { plan, missing } = await makePlan(hub, spec, { now: context.clock.now(), signal: context.signal });
    warnOfMissing(context, missing);
    const out = textOption(input, 'out');
    if (out !== undefined) {
      const { writePlan } = await import('../../rollout/write-plan.ts');
      await writePlan(out, plan);
    }
    if (switchOption(input, 'devices')) await context.output.list(plan.devices, plannedDeviceView);
    else await showPlan(context, plan);
    if (out === undefined) context.notes.info('not kept; --out PLAN.json keeps it for rollout create');
    else context.notes.success(`written to ${out}; next: iotctl rollout create ${out}`);
  },
});
