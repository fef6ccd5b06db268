import { deviceSucceeded } from '../../../fleet/jobs/follow-job.ts';
import type { DeviceJob } from '../../../protocol/job.ts';
import { defineCommand, requiredArg, switchOption } from '../../define-command.ts';
import { deviceJobView, jobView } from '../../views/job-view.ts';

export const command = defineCommand({
  name: 'job show',
  summary: 'Show a job, or what it made of each device.',
  arguments: [{ name: 'job', summary: 'id of the job', required: true }],
  options: [
    { name: 'devices', summary: 'a row for each device instead of the job' },
    { name: 'failed', summary: 'only devices on which it failed; goes with --devices' },
  ],
  examples: [
    { run: 'iotctl job show job-7', explains: 'status and counts' },
    {
      run: 'iotctl job show job-7 --devices --failed -o name',
      explains: 'the devices it failed on, for another command',
    },
  ],
  exitCodes: [1, 3, 4, 9, 143],
  output: 'document',
  usesHub: true,
  async run(context, input) {
    const hub = await context.hub();
    const jobId = requiredArg(input, 'job');
    const job = await hub.jobs.get(jobId, context.signal);
    const failed = switchOption(input, 'failed');
    if (!failed && !switchOption(input, 'devices')) return context.output.document(job, jobView);
    return context.output.list(rowsOf(hub.jobs.devices(jobId, context.signal), failed), deviceJobView);
  },
});

async function* rowsOf(
  pages: AsyncIterable<readonly DeviceJob[]>,
  failedOnly: boolean,
): AsyncGenerator<DeviceJob, void, undefined> {
  for await (const page of pages) {
    yield* failedOnly ? page.filter((row) => row.status !== 'pending' && !deviceSucceeded(row)) : page;
  }
}
