import type { DemoConnection, DemoEvent } from '../../fleet/demo/index.ts';
import type { CommandContext } from '../context.ts';
import { defineCommand, switchOption, type CommandInput } from '../define-command.ts';
import { demoProfile, demoView } from '../views/demo-view.ts';

export const command = defineCommand({
  name: 'demo',
  summary: 'See a whole fleet at work in half a minute.',
  description: `Starts a hub on free ports, provisions simulated trucks and pumps and this machine, watches their telemetry, finds a truck that \
is too warm, makes it report more often, proves that it does, diagnoses it, and counts that nothing was lost. Needs nothing and \
leaves nothing behind. Exit 0 only when each step was verified.`,
  options: [{ name: 'keep', summary: 'leave the hub and the devices running, and say what to try next' }],
  examples: [
    { run: 'iotctl demo', explains: 'the story' },
    { run: 'iotctl demo --keep', explains: 'the story, and then a fleet to try every command on' },
  ],
  exitCodes: [1, 143],
  output: 'stream',
  formats: ['lines'],
  pipeFormat: 'lines',
  run,
});

async function run(context: CommandContext, input: CommandInput): Promise<void> {
  const { runDemo } = await import('../../fleet/demo/index.ts');
  const { clock, random, runtime, signal } = context;
  const keep = switchOption(input, 'keep');
  const events = runDemo({ clock, random, version: runtime.version(), pid: runtime.pid, signal, keep });
  let profileMade = false;
  const withHints = async function* (): AsyncGenerator<readonly DemoEvent[], void, undefined> {
    for await (const event of events) {
      yield [event];
      if (event.kind !== 'kept') continue;
      await makeProfile(context, event.connection);
      profileMade = true;
      for (const hint of hints(event.truck, event.agent)) context.notes.info(hint);
    }
  };
  try {
    await context.output.stream(withHints(), demoView);
  } finally {
    if (profileMade) await (await context.profiles()).remove(demoProfile);
  }
  signal.throwIfAborted();
}

async function makeProfile(context: CommandContext, connection: DemoConnection): Promise<void> {
  const { sharedAccessKey, ...rest } = connection;
  const profiles = await context.profiles();
  await profiles.save({ name: demoProfile, kind: 'local', auth: 'key', ...rest }, sharedAccessKey, { replace: true });
}

function hints(truck: string, agent: string): readonly string[] {
  return [
    `iotctl --profile ${demoProfile} tail telemetry 'truck-*' --select temperature,speed`,
    `iotctl --profile ${demoProfile} send-command ${truck} set-interval seconds=300`,
    `iotctl --profile ${demoProfile} send-command 'pump-*' emergency-valve-release`,
    `iotctl --profile ${demoProfile} twin set ${agent} telemetryInterval=5`,
    `iotctl --profile ${demoProfile} query "SELECT * FROM devices WHERE tags.service = 'cooling'"`,
    `iotctl --profile ${demoProfile} device list`,
  ];
}
