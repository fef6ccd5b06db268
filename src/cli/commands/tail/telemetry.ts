import { Failure } from '../../../errors/index.ts';
import type { CommandContext } from '../../context.ts';
import {
  choiceOption,
  defineCommand,
  listArg,
  numberOption,
  switchOption,
  textOption,
  type CommandInput,
} from '../../define-command.ts';
import { fromOption, readSelector } from '../../options/selector.ts';
import type { BinaryEncoding, TailEvent, TailRequest } from '../../../fleet/telemetry/index.ts';
import type { Notes } from '../../output/notes.ts';
import { messageView, statisticsText, statisticsView } from '../../views/telemetry-view.ts';

export const command = defineCommand({
  name: 'tail telemetry',
  summary: 'Follow the telemetry of devices.',
  description: `Follows the telemetry of devices as it is stored, and goes on without gap or repeat when the hub restarts.

In --where, a bare name is a member of the JSON body: "temperature > 8" or "body.engine.rpm >= 3000". The other \
names are properties.NAME (application property, always text), tags.NAME, properties.desired.NAME, \
properties.reported.NAME, status and connectionState (twin of the device as it is now), system.[[content-type]], \
deviceId and enqueuedTime.`,
  arguments: [
    { name: 'device', summary: 'ids and globs of devices; all when there is none', variadic: true, complete: 'device' },
  ],
  options: [
    { name: 'where', type: 'string', value: 'CONDITION', summary: 'only messages for which this holds' },
    fromOption,
    {
      name: 'since',
      type: 'time',
      value: 'TIME',
      summary: 'begin with what was stored then (ISO time, or an age such as 10m)',
    },
    { name: 'until', type: 'time', value: 'TIME', summary: 'stop before what was stored from then on' },
    { name: 'select', type: 'string', value: 'A,B.C', summary: 'only these members of the body' },
    { name: 'count', type: 'integer', value: 'N', summary: 'stop after so many messages', minimum: 1 },
    {
      name: 'timeout',
      type: 'duration',
      value: 'TIME',
      summary: 'stop after this time; 124 when --count was not reached',
    },
    { name: 'stats', summary: 'instead of messages: rate, devices and bytes of each second' },
    {
      name: 'binary',
      type: 'string',
      value: 'ENCODING',
      summary: 'how bodies that are not text are shown',
      choices: ['base64', 'hex'],
      default: 'base64',
    },
  ],
  examples: [
    { run: 'iotctl tail telemetry', explains: 'all devices, live' },
    {
      run: 'iotctl tail telemetry \'truck-*\' --since 10m --where "temperature > 8"',
      explains: 'stored and new messages of trucks that are too warm',
    },
    { run: 'iotctl tail telemetry pump-001 --select pressure,flow -o csv > pump.csv', explains: 'two values as CSV' },
    {
      run: 'iotctl tail telemetry --count 1 --timeout 30s',
      explains: 'wait for any message; exit 124 when none comes',
    },
    { run: 'iotctl tail telemetry --stats', explains: 'how much is coming in' },
  ],
  exitCodes: [1, 3, 4, 9, 124, 143],
  output: 'stream',
  formats: ['lines', 'raw'],
  usesHub: true,
  run: tail,
});

async function tail(context: CommandContext, input: CommandInput): Promise<void> {
  const { tailTelemetry, telemetryStatistics } = await import('../../../fleet/telemetry/index.ts');
  const ending = new AbortController();
  const request = await readRequest(context, input, AbortSignal.any([context.signal, ending.signal]));
  const hub = await context.hub();
  await checkDevices(context, request);
  // Somebody who looks at an empty screen shall know that it is the devices that are silent.
  if (context.notes.isTTY && request.since === undefined) context.notes.info('waiting for telemetry; Ctrl-C ends');
  const batches = tailTelemetry(hub, context.clock, request);
  try {
    if (!switchOption(input, 'stats')) {
      const select = textOption(input, 'select')
        ?.split(',')
        .map((name) => name.trim())
        .filter((name) => name !== '');
      const binary: BinaryEncoding = choiceOption(input, 'binary', ['base64', 'hex']) ?? 'base64';
      await context.output.stream(
        batches,
        messageView({ select, binary, format: context.output.format, now: context.clock.now() }),
      );
      return;
    }
    const statistics = telemetryStatistics(batches, context.clock);
    if (context.output.isTTY && context.output.format === 'lines') await redraw(context, statistics);
    else await context.output.stream(inBatches(statistics), statisticsView);
  } finally {
    ending.abort();
  }
}

async function readRequest(context: CommandContext, input: CommandInput, signal: AbortSignal): Promise<TailRequest> {
  const selector = await readSelector(
    context,
    { args: {}, options: { from: input.options['from'] } },
    listArg(input, 'device'),
  );
  const devices = [...selector.ids];
  for await (const line of selector.from ?? []) if (line.trim() !== '') devices.push(line.trim());
  const since = numberOption(input, 'since');
  const until = numberOption(input, 'until');
  checkSpan(since, until, context.clock.now());
  return {
    devices,
    where: textOption(input, 'where'),
    since,
    until,
    count: numberOption(input, 'count'),
    timeout: numberOption(input, 'timeout'),
    signal,
    onEvent: (event) => tell(context.notes, event),
  };
}

/** Nothing was stored in a span like this, so the command would wait or end without a word. */
function checkSpan(since: number | undefined, until: number | undefined, now: number): void {
  if (since !== undefined && since > now) throw new Failure('invalid-value', '--since is in the future');
  if (since !== undefined && until !== undefined && until <= since)
    throw new Failure('invalid-value', '--until is not after --since');
}

/** A mistyped id would wait for ever; but history may hold devices that are gone. */
async function checkDevices(context: CommandContext, request: TailRequest): Promise<void> {
  const { isGlob } = await import('../../../std/glob.ts');
  const plain = request.devices.filter((device) => !isGlob(device));
  if (plain.length === 0 || plain.length > 20 || request.since !== undefined) return;
  const hub = await context.hub();
  for (const device of plain) await hub.devices.get(device, context.signal);
}

function tell(notes: Notes, event: TailEvent): void {
  if (event.kind === 'lost-link') notes.warn(`lost the hub: ${event.reason}; reconnecting…`);
  else if (event.kind === 'lost-messages')
    notes.warn(`${event.messages} messages had been removed by the hub's retention before they could be read`);
  else notes.success(`back after ${(event.afterMs / 1_000).toFixed(1)} s, ${event.messages} messages caught up`);
}

async function redraw(
  context: CommandContext,
  statistics: AsyncIterable<Parameters<typeof statisticsText>[0]>,
): Promise<void> {
  const progress = context.notes.progress('telemetry');
  try {
    for await (const second of statistics) {
      progress.advance(second.messages);
      progress.say(statisticsText(second));
    }
  } finally {
    progress.done();
  }
}

async function* inBatches<Row>(rows: AsyncIterable<Row>): AsyncGenerator<readonly Row[], void, undefined> {
  for await (const row of rows) yield [row];
}
