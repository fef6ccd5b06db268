import { models, type Model } from '../../fleet/simulation/models.ts';
import { Failure } from '../../errors/index.ts';
import type { SimulationReport } from '../../fleet/simulation/index.ts';
import type { CommandContext } from '../context.ts';
import {
  defineCommand,
  numberOption,
  optionalArg,
  switchOption,
  textOption,
  type CommandInput,
} from '../define-command.ts';
import { readSimulatedFirmware, simulatedFirmwareOptions } from '../options/simulated-firmware.ts';
import { firmwareSimulationView, modelView, simulationView } from '../views/simulation-view.ts';

export const command = defineCommand({
  name: 'simulate',
  summary: 'Run simulated devices of a model.',
  description: `Runs simulated devices: makes them at the hub where they are missing, connects them over MQTT, and sends what their model \
says. They answer the commands ping, get-info, set-interval and their model's own, and obey the desired property \
telemetryInterval (seconds of their time) and the model's settings. The same seed gives the same values. Ctrl-C ends it.

With --firmware the devices also update themselves when a rollout offers them firmware: they check its signature, fetch it, restart and \
test it as the agent does, on flash that is only simulated. --faults says what goes wrong, as a share or as a number of devices: brick \
(goes silent after it began to install), revert (the self-test fails), lie (reports a version that it does not run), corrupt \
(downloads are damaged), offline (away from time to time), slow; bad-image=VERSION and brick-image=VERSION make one version bad for all.`,
  arguments: [
    {
      name: 'model',
      summary: 'which kind of device; see --list-models',
      complete: 'model',
      choices: [...models.keys()],
    },
  ],
  options: [
    {
      name: 'count',
      type: 'integer',
      value: 'N',
      summary: 'how many devices',
      default: 1,
      minimum: 1,
      maximum: 10_000,
    },
    {
      name: 'prefix',
      type: 'string',
      value: 'TEXT',
      summary: 'ids are this and a number; by default the model and a dash',
    },
    {
      name: 'rate',
      type: 'string',
      value: 'N',
      summary: "messages per second of all devices together, instead of the model's interval",
    },
    {
      name: 'speed',
      type: 'string',
      value: 'FACTOR',
      summary: 'how much faster than real time, such as 60x',
      default: '1x',
    },
    { name: 'seed', type: 'integer', value: 'N', summary: 'the same seed gives the same values', default: 1 },
    { name: 'for', type: 'duration', value: 'TIME', summary: 'end after this time' },
    { name: 'list-models', summary: 'show the models' },
    ...simulatedFirmwareOptions,
  ],
  examples: [
    { run: 'iotctl simulate --list-models', explains: 'what there is' },
    {
      run: 'iotctl simulate refrigerated-truck --count 10 --speed 60x',
      explains: 'ten trucks, a minute in each second',
    },
    {
      run: 'iotctl simulate oil-pump --count 1000 --rate 500 --for 1m',
      explains: 'load: 500 messages a second for a minute',
    },
    { run: 'iotctl simulate room --prefix hall- --seed 42 -o json', explains: 'a summary as JSON at the end' },
    {
      run: 'iotctl simulate oil-pump --count 100 --firmware --trust release.trust.json --hardware pump-v2 --faults brick=2%,offline=30%',
      explains: 'a fleet for a rollout, of which some go wrong',
    },
  ],
  exitCodes: [1, 3, 4, 7, 9, 143],
  output: 'rows',
  usesHub: true,
  run,
});

async function run(context: CommandContext, input: CommandInput): Promise<void> {
  if (switchOption(input, 'listModels')) return context.output.list(models.values(), modelView);
  const model = readModel(optionalArg(input, 'model'));
  const { simulateFleet } = await import('../../fleet/simulation/index.ts');
  const { notes, clock, signal } = context;
  const count = numberOption(input, 'count') ?? 1;
  const request = {
    model,
    count,
    prefix: textOption(input, 'prefix') ?? `${model.name}-`,
    speed: readFactor('speed', textOption(input, 'speed') ?? '1x', /^(\d+(?:\.\d+)?)x?$/),
    rate: optionalFactor('rate', textOption(input, 'rate')),
    seed: numberOption(input, 'seed') ?? 1,
    duration: numberOption(input, 'for'),
    firmware: await readSimulatedFirmware(context, input, model.name),
    signal,
    onProblem: (deviceId: string, reason: string) => notes.warn(`${deviceId}: ${reason}`),
  };
  const hub = await context.hub();
  const address = await context.connection();
  const progress = notes.progress(`${count} × ${model.name}`);
  let last: SimulationReport | undefined;
  try {
    for await (const report of simulateFleet(hub, address, clock, request)) {
      progress.advance(report.acknowledged - (last?.acknowledged ?? 0));
      progress.say(
        `${report.connected} connected, ${report.failed} failed, ${report.commands} commands${firmwareWords(report)}`,
      );
      last = report;
    }
  } finally {
    progress.done();
  }
  if (last === undefined) return signal.throwIfAborted();
  const view = request.firmware === undefined ? simulationView : firmwareSimulationView;
  await context.output.list([{ model: model.name, ...last }], view);
  signal.throwIfAborted();
  if (last.failed > 0) throw new Failure('partial', `${last.failed} of ${last.sent} messages were not acknowledged`);
  const missing = last.devices - last.connected - meantToBeAway(last);
  if (missing > 0) throw new Failure('partial', `${missing} of ${last.devices} devices are not connected`);
}

/** Devices that a fault keeps silent, and those that restart with a new firmware. */
function meantToBeAway({ firmware = {} }: SimulationReport): number {
  return (firmware.bricked ?? 0) + (firmware.away ?? 0) + (firmware.rebooting ?? 0);
}

function firmwareWords({ firmware }: SimulationReport): string {
  const counts = Object.entries(firmware ?? {}).map(([state, devices]) => `${devices} ${state}`);
  return counts.length === 0 ? '' : `; firmware: ${counts.join(', ')}`;
}

function readModel(name: string | undefined): Model {
  const model = models.get(name ?? '');
  if (model !== undefined) return model;
  const hint = `use one of ${[...models.keys()].join(', ')}`;
  throw new Failure('usage', 'which model shall be simulated?', { hint });
}

function optionalFactor(flag: string, text: string | undefined): number | undefined {
  return text === undefined ? undefined : readFactor(flag, text, /^(\d+(?:\.\d+)?)(?:\/s)?$/);
}

function readFactor(flag: string, text: string, pattern: RegExp): number {
  const value = Number(pattern.exec(text)?.[1]);
  if (value > 0 && value <= 1_000_000) return value;
  const example = flag === 'speed' ? '60x' : '100 or 100/s';
  throw new Failure('invalid-value', `--${flag}: "${text}" is not a number above 0, such as ${example}`);
}
