import { join } from 'node:path';
import type { Metric } from '../../device/index.ts';
import { Failure } from '../../errors/index.ts';
import type { CommandContext } from '../context.ts';
import {
  defineCommand,
  listOption,
  numberOption,
  switchOption,
  textOption,
  type CommandInput,
} from '../define-command.ts';
import { readDeviceIdentity } from '../options/device-identity.ts';
import { readingView, tellAgentNews } from '../views/agent-view.ts';

export const command = defineCommand({
  name: 'agent',
  summary: 'Run this machine as a device.',
  description: `Runs this machine as a device: sends real readings, obeys the desired properties telemetryInterval (seconds) and metrics
(a list), and answers the commands ping, get-info, set-interval and run. Readings wait on the disk while there is no hub and are
sent in order afterwards.

The device is made at the selected hub when it is missing. On a machine without rights at the hub, set
IOTCTL_DEVICE_CONNECTION_STRING, with IOTCTL_DEVICE_URL and IOTCTL_CA_FILE where the hub has its own port or certificate.`,
  options: [
    {
      name: 'device',
      type: 'string',
      value: 'ID',
      summary: 'device id; by default from the host name',
      complete: 'device',
    },
    {
      name: 'interval',
      type: 'duration',
      value: 'TIME',
      summary: 'time between readings, until the hub says otherwise',
      default: '10s',
    },
    {
      name: 'metric',
      type: 'string',
      value: 'NAME',
      summary: 'what to read; all when none is given',
      repeatable: true,
    },
    {
      name: 'allow',
      type: 'string',
      value: 'NAME=FILE',
      summary: 'a script that the command run may start',
      repeatable: true,
      complete: 'file',
    },
    { name: 'once', summary: 'send one reading and end' },
    { name: 'outbox', type: 'string', value: 'DIR', summary: 'where readings wait for the hub', complete: 'directory' },
  ],
  examples: [
    { run: 'iotctl agent', explains: 'this machine as a device, a reading every 10 seconds' },
    { run: 'iotctl agent --once -o json', explains: 'one reading, for cron' },
    { run: 'iotctl agent --metric cpu --metric memory --interval 1m', explains: 'only some readings, once a minute' },
    {
      run: 'iotctl agent --allow backup=/usr/local/bin/backup',
      explains: 'let "iotctl send-command DEVICE run script=backup" start it',
    },
  ],
  exitCodes: [1, 3, 4, 9, 143],
  output: 'stream',
  formats: ['lines'],
  usesHub: true,
  run,
});

async function run(context: CommandContext, input: CommandInput): Promise<void> {
  const { followAgent, readAllowedScripts } = await import('../../fleet/agent/index.ts');
  const intervalSeconds = await readInterval(input);
  const metrics = await readMetrics(input);
  const scripts = await readAllowedScripts(listOption(input, 'allow'));
  const identity = await readDeviceIdentity(context, textOption(input, 'device'));
  const { clock, random, runtime, notes, signal } = context;
  const readings = followAgent({
    ...identity,
    clock,
    random,
    intervalSeconds,
    metrics,
    scripts,
    environment: context.env,
    version: runtime.version(),
    once: switchOption(input, 'once'),
    outboxRoot: textOption(input, 'outbox') ?? join(context.directories.state, 'outbox'),
    signal,
    onNews: (event) => tellAgentNews(notes, event),
    onEnd: ({ taken, delivered, waiting, lost }) =>
      notes.info(`${taken} readings taken, ${delivered} delivered, ${waiting} waiting, ${lost} lost`),
  });
  await context.output.stream(readings, readingView);
  signal.throwIfAborted();
}

async function readInterval(input: CommandInput): Promise<number> {
  const { agentInterval } = await import('../../device/index.ts');
  const seconds = (numberOption(input, 'interval') ?? 10_000) / 1_000;
  if (seconds >= agentInterval.minimum && seconds <= agentInterval.maximum) return seconds;
  throw new Failure('invalid-value', `--interval must be from ${agentInterval.minimum}s to ${agentInterval.maximum}s`);
}

async function readMetrics(input: CommandInput): Promise<readonly Metric[]> {
  const { allMetrics, isMetric } = await import('../../device/index.ts');
  const wanted = [...new Set(listOption(input, 'metric'))];
  const unknown = wanted.find((name) => !isMetric(name));
  if (unknown !== undefined) {
    throw new Failure('invalid-value', `--metric: there is no "${unknown}"`, { hint: `use ${allMetrics.join(', ')}` });
  }
  return wanted.length === 0 ? allMetrics : wanted.filter(isMetric);
}
