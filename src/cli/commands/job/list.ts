import type { Job } from '../../../protocol/job.ts';
import { choiceOption, defineCommand } from '../../define-command.ts';
import { jobListView } from '../../views/job-view.ts';

const statuses = ['queued', 'scheduled', 'running', 'completed', 'failed', 'cancelled'] as const;
const actions = ['twin', 'command'] as const;

export const command = defineCommand({
  name: 'job list',
  summary: 'List the jobs of the last 30 days.',
  options: [
    { name: 'status', type: 'string', value: 'STATUS', summary: 'only jobs of this status', choices: statuses },
    {
      name: 'action',
      type: 'string',
      value: 'ACTION',
      summary: 'only changes of twins, or commands',
      choices: actions,
    },
  ],
  examples: [
    { run: 'iotctl job list', explains: 'all of them' },
    { run: 'iotctl job list --status running', explains: 'what is at work now' },
  ],
  exitCodes: [1, 4, 9, 143],
  output: 'rows',
  usesHub: true,
  async run(context, input) {
    const hub = await context.hub();
    const status = choiceOption(input, 'status', statuses);
    const action = choiceOption(input, 'action', actions);
    const type = action === 'twin' ? 'scheduleUpdateTwin' : 'scheduleDeviceMethod';
    const filter = { ...(status !== undefined && { status }), ...(action !== undefined && ({ type } as const)) };
    await context.output.list(rowsOf(hub.jobs.list(filter, context.signal)), jobListView(context.clock.now()));
  },
});

async function* rowsOf(pages: AsyncIterable<readonly Job[]>): AsyncGenerator<Job, void, undefined> {
  for await (const page of pages) yield* page;
}
