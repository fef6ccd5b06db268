import { join } from 'node:path';
import { agentInterval, allMetrics } from '../../fleet/agent/bounds.ts';
import type { CommandContext } from '../context.ts';
import {
  defineCommand,
  listOption,
  numberOption,
  switchOption,
  textOption,
  type CommandInput,
} from '../define-command.ts';
import { agentFirmwareOptions, readAgentFirmware } from '../options/agent-firmware.ts';
import { readDeviceIdentity } from '../options/device-identity.ts';
import { readingView, tellAgentNews } from '../views/agent-view.ts';

export const command = defineCommand({
  name: 'agent',
  summary: 'Run this machine as a device.',
  description: `Runs this machine as a device: sends real readings, obeys the desired properties telemetryInterval (seconds) and metrics \
(a list), and answers the commands ping, get-info, set-interval and run. Readings wait on the disk while there is no hub and are \
sent in order afterwards.

The device is made at the selected hub when it is missing. On a machine without rights at the hub, set \
IOTCTL_DEVICE_CONNECTION_STRING, with IOTCTL_DEVICE_URL and IOTCTL_CA_FILE where the hub has its own port or certificate.

With --firmware-dir the agent also takes firmware that a rollout offers: it verifies the signature, fetches the file, verifies it again, has it run by DIR/hooks/activate, tries it with DIR/hooks/self-test, and goes back by itself when that fails. The first start on a directory has to be told what runs now; later ones need no more than the directory.`,
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
      default: 10_000,
      minimum: agentInterval.minimum * 1_000,
      maximum: agentInterval.maximum * 1_000,
    },
    {
      name: 'metric',
      type: 'string',
      value: 'NAME',
      summary: 'what to read; all when none is given',
      repeatable: true,
      choices: allMetrics,
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
    ...agentFirmwareOptions,
  ],
  examples: [
    { run: 'iotctl agent', explains: 'this machine as a device, a reading every 10 seconds' },
    { run: 'iotctl agent --once -o json', explains: 'one reading, for cron' },
    { run: 'iotctl agent --metric cpu --metric memory --interval 1m', explains: 'only some readings, once a minute' },
    {
      run: 'iotctl agent --allow backup=/usr/local/bin/backup',
      explains: 'let "iotctl send-command DEVICE run script=backup" start it',
    },
    {
      run: 'iotctl agent --firmware-dir /var/lib/pump --firmware-image pump.bin --firmware-version 1.0.0 --hardware pump-v2 --firmware-trust keys.trust.json',
      explains: 'the first start of a machine that takes firmware',
    },
    {
      run: 'iotctl agent --firmware-dir /var/lib/pump --firmware-rate 500k',
      explains: 'every later start; at most 500 kB/s for downloads',
    },
  ],
  exitCodes: [1, 3, 4, 5, 9, 143],
  output: 'stream',
  formats: ['lines'],
  usesHub: true,
  run,
});

async function run(context: CommandContext, input: CommandInput): Promise<void> {
  const { followAgent, readAllowedScripts } = await import('../../fleet/agent/index.ts');
  const metrics = listOption(input, 'metric');
  const scripts = await readAllowedScripts(listOption(input, 'allow'));
  const firmware = await readAgentFirmware(context, input);
  const identity = await readDeviceIdentity(context, textOption(input, 'device'));
  const { clock, random, runtime, notes, signal } = context;
  const readings = followAgent({
    ...identity,
    clock,
    random,
    intervalSeconds: (numberOption(input, 'interval') ?? 10_000) / 1_000,
    metrics: metrics.length === 0 ? allMetrics : allMetrics.filter((metric) => metrics.includes(metric)),
    scripts,
    firmware,
    environment: context.env,
    version: runtime.version(),
    once: switchOption(input, 'once'),
    outboxRoot: textOption(input, 'outbox') ?? join(context.directories.state, 'outbox'),
    signal,
    onNews: (event) => tellAgentNews(notes, event),
    onEnd: ({ taken, delivered, waiting, lost }) =>
      notes.info(`readings: ${taken} taken, ${delivered} delivered, ${waiting} waiting, ${lost} lost`),
  });
  await context.output.stream(readings, readingView);
  signal.throwIfAborted();
}
