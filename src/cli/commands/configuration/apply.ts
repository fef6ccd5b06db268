import { Failure } from '../../../errors/index.ts';
import { confirmChange } from '../../changes/confirm-change.ts';
import { fileArgument, readPlans } from '../../configurations/read-plans.ts';
import { defineCommand, numberOption, switchOption } from '../../define-command.ts';
import { planRows, planView } from '../../views/configuration-view.ts';

export const command = defineCommand({
  name: 'configuration apply',
  summary: 'Make the configurations of the hub what files say.',
  description: `Shows where the hub differs from the files, asks, and makes the hub as they say. Run again it changes nothing.

A file holds {"id", "targetCondition", "priority", "labels", "metrics": {"queries"}, "content"} or a list of these, in YAML or \
JSON, as configuration show -o yaml prints them. "content" is {"deviceContent": {"properties.desired.NAME": …}}, moduleContent or \
modulesContent.

Content cannot be changed. Another content becomes a new revision, ID-r2, that takes over first: the old one is deleted \
when the new one is applied to all it targets, or at the next apply when that takes longer than --timeout.`,
  arguments: [fileArgument],
  options: [
    {
      name: 'timeout',
      type: 'duration',
      value: 'TIME',
      summary: 'how long to wait until a new revision has taken over',
      default: '10m',
      minimum: 0,
      maximum: 86_400_000,
    },
    { name: 'dry-run', summary: 'only show the differences, like configuration plan' },
  ],
  examples: [
    { run: 'iotctl configuration apply site.yaml', explains: 'after a look at the differences and a question' },
    { run: 'iotctl configuration apply configurations/*.yaml --yes', explains: 'in a pipeline' },
  ],
  exitCodes: [1, 3, 4, 5, 9, 124, 143],
  output: 'rows',
  usesHub: true,
  async run(context, input) {
    const { applyPlan } = await import('../../../fleet/configurations/index.ts');
    const plans = await readPlans(context, input);
    await context.output.list(planRows(plans), planView);
    const work = plans.filter(({ action }) => action !== 'none');
    if (plans.length === 0) return;
    if (work.length === 0) return context.notes.info('nothing to change');
    if (switchOption(input, 'dryRun')) return;
    const hub = await context.hub();
    const what = `${work.length} ${work.length === 1 ? 'configuration' : 'configurations'}`;
    await confirmChange(context, `Change ${what} on ${hub.hostName}?`, true);
    const waiting: string[] = [];
    for (const plan of work) {
      const { id, result } = await applyPlan(hub, plan, {
        clock: context.clock,
        patienceMs: numberOption(input, 'timeout') ?? 600_000,
        signal: context.signal,
        onStep: (text) => context.notes.success(text),
      });
      if (result === 'waiting') waiting.push(id);
    }
    if (waiting.length > 0) {
      throw new Failure('timed-out', `not in force on all devices yet: ${waiting.join(', ')}; the old revision stays`, {
        hint: 'run the same apply again later; it deletes the old revision then',
      });
    }
  },
});
