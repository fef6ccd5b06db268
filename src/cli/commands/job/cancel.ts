import { defineCommand, requiredArg } from '../../define-command.ts';
import { confirmChange } from '../../changes/confirm-change.ts';
import { jobView } from '../../views/job-view.ts';

export const command = defineCommand({
  name: 'job cancel',
  summary: 'Cancel a job.',
  description: `Cancels a job. What it has done stays done. In the cloud only a job that has not begun can be cancelled; a \
hub of iotctl also stops one that runs.`,
  arguments: [{ name: 'job', summary: 'id of the job', required: true }],
  examples: [{ run: 'iotctl job cancel job-7', explains: 'after a question; --yes for none' }],
  exitCodes: [1, 3, 4, 5, 9, 143],
  output: 'document',
  usesHub: true,
  async run(context, input) {
    const hub = await context.hub();
    const jobId = requiredArg(input, 'job');
    const { status } = await hub.jobs.get(jobId, context.signal);
    await confirmChange(context, `Cancel job ${jobId}, which is ${status}, on ${hub.hostName}?`, true);
    await context.output.document(await hub.jobs.cancel(jobId, context.signal), jobView);
  },
});
