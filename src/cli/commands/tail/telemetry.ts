import type { CommandContext } from '../../context.ts';
import { choiceOption, defineCommand, switchOption, textOption, type CommandInput } from '../../define-command.ts';
import { fromOption } from '../../options/selector.ts';
import { checkTailDevices, limitOptions, readTailRequest, spanOptions } from '../../options/tail-flags.ts';
import type { BinaryEncoding } from '../../../fleet/telemetry/index.ts';
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
    ...spanOptions,
    { name: 'select', type: 'string', value: 'A,B.C', summary: 'only these members of the body' },
    ...limitOptions('messages'),
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
  const request = await readTailRequest(context, input, AbortSignal.any([context.signal, ending.signal]));
  const hub = await context.hub();
  await checkTailDevices(context, request);
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
