import { join, resolve } from 'node:path';
import type { LocalProfile } from '../../../fleet/hub/index.ts';
import type { HubOptions } from '../../../hub/index.ts';
import type { CommandContext } from '../../context.ts';
import {
  choiceOption,
  defineCommand,
  listOption,
  numberOption,
  switchOption,
  textOption,
  type CommandInput,
} from '../../define-command.ts';
import { dataDirectory, dataOption } from '../../options/hub-data.ts';
import { hubStartWords, portsOf } from '../../options/hub-flags.ts';
import { startedHubView } from '../../views/hub-view.ts';

/** When the start is over, and what it needed in memory with it. */
const settledMs = 2_000;

const logLevels = ['debug', 'info', 'warn', 'error'] as const;

export const command = defineCommand({
  name: 'hub start',
  summary: 'Start a hub on this machine.',
  description: `Starts a hub in the foreground; Ctrl-C stops it, and that ends with exit code 0. The first start makes a certificate authority,
keys and the profile "local", which is selected when none is. Everything is kept in the data directory.

The ports listen on this machine alone. A default port that is taken or not allowed is replaced by a free one, and that is said;
a port that you name is not. --ready-file is written when every port listens: hostName, ports, connectionString, caFile, dataDir, pid.`,
  options: [
    dataOption,
    {
      name: 'mqtt-port',
      type: 'port',
      value: 'PORT',
      summary: 'plain MQTT: a number, 0 for a free one, or off; otherwise 1883',
    },
    { name: 'mqtts-port', type: 'port', value: 'PORT', summary: 'MQTT over TLS; otherwise 8883' },
    { name: 'http-port', type: 'port', value: 'PORT', summary: 'plain HTTP; otherwise 8080' },
    { name: 'https-port', type: 'port', value: 'PORT', summary: 'HTTPS; otherwise 443' },
    {
      name: 'hostname',
      type: 'string',
      value: 'NAME',
      summary: 'a name the hub answers to beside localhost; the first is in connection strings',
      repeatable: true,
    },
    {
      name: 'ready-file',
      type: 'string',
      value: 'FILE',
      summary: 'write this JSON file (mode 0600) when the hub is ready',
      complete: 'file',
    },
    { name: 'ephemeral', summary: 'keep everything in a temporary directory, and touch no profile' },
    { name: 'detach', summary: 'start it in the background and return when it is ready' },
    {
      name: 'retention',
      type: 'duration',
      value: 'TIME',
      summary: 'how long telemetry is kept, as in 7d',
      minimum: 60_000,
    },
    { name: 'log-level', type: 'string', value: 'LEVEL', summary: 'what the log says', choices: logLevels },
    { name: 'show-secrets', summary: 'show the connection string' },
  ],
  examples: [
    { run: 'iotctl hub start', explains: 'a hub in this terminal' },
    { run: 'iotctl hub start --detach', explains: 'a hub in the background; iotctl hub stop ends it' },
    {
      run: 'iotctl hub start --ephemeral --mqtt-port 0 --mqtts-port 0 --http-port 0 --https-port 0 --ready-file hub.json',
      explains: 'for a test: free ports, nothing kept',
    },
  ],
  exitCodes: [1, 4, 5, 124],
  output: 'document',
  run: (context, input) => (switchOption(input, 'detach') ? startDetached(context, input) : startHere(context, input)),
});

async function startHere(context: CommandContext, input: CommandInput): Promise<void> {
  const { runHub } = await import('../../../fleet/hub/index.ts');
  const { createHubLog } = await import('../../hub-log.ts');
  const { releaseMemory } = await import('../../../std/release-memory.ts');
  const ephemeral = switchOption(input, 'ephemeral');
  const retention = numberOption(input, 'retention');
  const options: HubOptions = {
    dataDir: dataDirectory(context, input),
    ephemeral,
    ports: portsOf(input),
    hostNames: listOption(input, 'hostname'),
    ...(retention === undefined ? {} : { retention: { maxAgeMs: retention } }),
    clock: context.clock,
    log: await createHubLog(context.notes, choiceOption(input, 'logLevel', logLevels)),
    pid: context.runtime.pid,
    version: context.runtime.version(),
  };
  const run = await runHub({
    options,
    readyFile: textOption(input, 'readyFile'),
    profiles: ephemeral ? undefined : await context.profiles(),
  });
  try {
    for (const { wanted, got, reason, flag, name } of run.fallbacks) {
      context.notes.warn(`port ${wanted} (${name}) is ${reason}; using ${got} instead (choose one with ${flag})`);
    }
    tellProfile(context, run.profile, run.profileFailure?.message);
    await context.output.document(run.info, startedHubView(switchOption(input, 'showSecrets')));
    context.notes.success('the hub is ready; Ctrl-C stops it');
    context.clock.after(settledMs, () => void releaseMemory().catch(() => undefined), { unref: true });
    await untilAborted(context.signal);
  } finally {
    await run.stop();
  }
  context.notes.info('the hub has stopped');
}

function tellProfile({ notes }: CommandContext, profile: LocalProfile | undefined, failure: string | undefined): void {
  if (failure !== undefined) notes.warn(`the profile "local" could not be kept: ${failure}`);
  if (profile?.outcome === 'foreign')
    notes.warn(`the profile "${profile.name}" belongs to another hub and is left alone`);
  if (profile?.outcome === 'created' || profile?.outcome === 'updated') {
    notes.info(`profile "${profile.name}" ${profile.outcome}${profile.selected ? ' and selected' : ''}`);
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });
}

async function startDetached(context: CommandContext, input: CommandInput): Promise<void> {
  const { detachHub } = await import('../../../fleet/hub/index.ts');
  const { mkdir, rm } = await import('node:fs/promises');
  const dataDir = dataDirectory(context, input);
  const given = textOption(input, 'readyFile');
  const home = switchOption(input, 'ephemeral') ? context.directories.state : dataDir;
  await mkdir(home, { recursive: true, mode: 0o700 });
  const readyFile = given === undefined ? join(home, `ready-${context.runtime.pid}.json`) : resolve(given);
  await rm(readyFile, { force: true });
  const logFile = join(home, 'hub.log');
  const info = await detachHub({
    words: [
      ...context.runtime.program,
      'hub',
      'start',
      ...hubStartWords(input),
      '--ready-file',
      readyFile,
      '-o',
      'json',
    ],
    env: context.env,
    readyFile,
    logFile,
    timeoutMs: 30_000,
    clock: context.clock,
    signal: context.signal,
  });
  if (given === undefined) await rm(readyFile, { force: true });
  await context.output.document({ ...info, logFile }, startedHubView(switchOption(input, 'showSecrets')));
  const data = textOption(input, 'data');
  context.notes.success(
    `the hub runs in the background; iotctl hub stop${data === undefined && !switchOption(input, 'ephemeral') ? '' : ` --data ${info.dataDir}`} ends it`,
  );
}
