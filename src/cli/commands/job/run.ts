import { Failure } from '../../../errors/index.ts';
import { furthestStartMs, jobIdProblem } from '../../../protocol/job.ts';
import { parseDuration } from '../../../std/duration.ts';
import { splitTwinWords } from '../../changes/change-twins.ts';
import { confirmChange } from '../../changes/confirm-change.ts';
import { readDocument, splitDocuments } from '../../changes/read-document.ts';
import type { CommandContext } from '../../context.ts';
import {
  choiceArg,
  defineCommand,
  listArg,
  numberOption,
  switchOption,
  textOption,
  type CommandInput,
} from '../../define-command.ts';
import { fromOption, readSelector, whereOption } from '../../options/selector.ts';
import type { JobRequest } from '../../../fleet/ports.ts';
import { waitForJob } from '../../jobs/wait-for-job.ts';

const actions = ['twin', 'command'] as const;

export const command = defineCommand({
  name: 'job run',
  summary: 'Change twins or send a command as one job that the hub carries out.',
  description: `Starts a job and waits for its end with a result for each device. The hub does the work, so it goes on \
when this program ends: Ctrl-C leaves it running, and job show tells how it went.

The words after twin are those of twin set, DEVICE NAME=VALUE…; the words after command are those of send-command, \
DEVICE… NAME [PAYLOAD…]. Devices are ids and globs, or --where and --from. A condition such as "FROM devices.modules \
WHERE moduleId = 'camera'" is about modules. The condition is evaluated when the job begins.`,
  arguments: [
    { name: 'action', summary: 'twin or command', required: true, choices: actions },
    { name: 'word', summary: 'as of twin set or send-command', required: true, variadic: true, complete: 'device' },
  ],
  options: [
    whereOption,
    fromOption,
    { name: 'id', type: 'string', value: 'ID', summary: 'id of the job; otherwise a new one' },
    {
      name: 'start',
      type: 'string',
      value: 'TIME',
      summary: 'when to begin: ISO 8601, or from now on as in 30m; at most 7 days',
    },
    {
      name: 'max-time',
      type: 'duration',
      value: 'TIME',
      summary: 'how long the job may run; devices it has not reached by then fail',
      default: '1h',
      minimum: 1_000,
      maximum: 604_800_000,
    },
    {
      name: 'timeout',
      type: 'duration',
      value: 'TIME',
      summary: 'how long a device may take to answer a command',
      default: '30s',
      minimum: 5_000,
      maximum: 300_000,
    },
    { name: 'no-wait', summary: 'print the id of the job and return' },
    { name: 'cancel-on-interrupt', summary: 'let Ctrl-C end the job too' },
    { name: 'dry-run', summary: 'only show for how many devices the condition holds' },
  ],
  examples: [
    { run: "iotctl job run twin 'pump-*' interval=5 tags.wave=2", explains: 'a change for every pump' },
    {
      run: 'iotctl job run command reboot delay=5 --where "tags.site = \'north\'" --start 30m --no-wait',
      explains: 'a command for a site, in half an hour',
    },
    { run: "iotctl job run twin '*' @settings.json --max-time 10m", explains: 'a file for the whole fleet' },
  ],
  exitCodes: [1, 3, 4, 5, 7, 9, 143],
  output: 'rows',
  usesHub: true,
  run,
});

async function run(context: CommandContext, input: CommandInput): Promise<void> {
  const { findJobTarget, newJobId } = await import('../../../fleet/jobs/index.ts');
  const action = choiceArg(input, 'action', actions);
  const words = action === 'twin' ? await twinWords(context, input) : await commandWords(context, input);
  const startTime = readStart(textOption(input, 'start'), context.clock.now());
  const jobId = textOption(input, 'id') ?? newJobId(context.clock.now(), context.random);
  const problem = jobIdProblem(jobId);
  if (problem !== undefined) throw new Failure('invalid-value', `--id ${problem}`);
  const hub = await context.hub();
  const selector = await readSelector(context, input, words.devices);
  const target = await findJobTarget(hub, selector, context.signal);
  const things = `${target.count} ${target.count === 1 ? 'target' : 'targets'}`;
  if (switchOption(input, 'dryRun')) {
    context.notes.info(`the job would be about ${things} now: ${target.condition}`);
    return;
  }
  await confirmChange(context, `Run a job for ${things} on ${hub.hostName} (${target.condition})?`, target.count > 1);
  const seconds = Math.ceil((numberOption(input, 'maxTime') ?? 3_600_000) / 1_000);
  await hub.jobs.create(
    {
      jobId,
      queryCondition: target.condition,
      action: words.action,
      maxExecutionTimeInSeconds: seconds,
      ...(startTime !== undefined && { startTime }),
    },
    context.signal,
  );
  if (switchOption(input, 'noWait')) {
    if (context.output.format === 'table') return context.output.text(`${jobId}\n`);
    await context.output.list([{ jobId }], {
      columns: [{ header: 'JOB', value: (job) => job.jobId, tone: () => 'accent' }],
      json: (job) => job,
      name: (job) => job.jobId,
    });
    return;
  }
  await waitForJob(context, jobId, {
    total: target.count,
    cancelOnInterrupt: switchOption(input, 'cancelOnInterrupt'),
  });
}

interface Words {
  readonly devices: readonly string[];
  readonly action: JobRequest['action'];
}

async function twinWords(context: CommandContext, input: CommandInput): Promise<Words> {
  const { changeOfWords } = await import('../../../fleet/twins/index.ts');
  const { devices, change } = splitTwinWords(listArg(input, 'word'), input, 'job run twin');
  const { plain, documents } = splitDocuments(change);
  refuseTwoInputs(documents, input);
  const contents = await Promise.all(documents.map(async (word) => readDocument(context, word)));
  return { devices, action: { twin: changeOfWords(plain, contents) } };
}

async function commandWords(context: CommandContext, input: CommandInput): Promise<Words> {
  const { readPayload, splitCommandWords } = await import('../../../fleet/commands/index.ts');
  const selected = textOption(input, 'where') !== undefined || textOption(input, 'from') !== undefined;
  const words = splitCommandWords(listArg(input, 'word'), selected);
  refuseTwoInputs(words.payload, input);
  const { readTextFile } = await import('../../changes/read-document.ts');
  const payload = await readPayload(words.payload, {
    readFile: readTextFile,
    readStandardInput: () => context.stdin.text(),
  });
  const seconds = Math.ceil((numberOption(input, 'timeout') ?? 30_000) / 1_000);
  const method = {
    methodName: words.name,
    payload,
    responseTimeoutInSeconds: seconds,
    connectTimeoutInSeconds: 0,
  };
  return { devices: words.devices, action: { method } };
}

function refuseTwoInputs(words: readonly string[], input: CommandInput): void {
  if (words.includes('-') && textOption(input, 'from') === '-')
    throw new Failure('usage', 'standard input cannot be both the devices (--from -) and what is sent (-)');
}

/** Unix milliseconds of an ISO time or of a time from now on. Failure: invalid-value. */
function readStart(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const ahead = parseDuration(text);
  const start = ahead === undefined ? Date.parse(text) : now + ahead;
  if (Number.isNaN(start)) throw new Failure('invalid-value', `--start: "${text}" is neither a time nor 30m, 2h or 1d`);
  if (start > now + furthestStartMs)
    throw new Failure('invalid-value', '--start: a job begins at most 7 days from now');
  return start;
}
