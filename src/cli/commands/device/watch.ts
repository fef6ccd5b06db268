import type { DeviceChange } from '../../../fleet/devices/index.ts';
import { Failure } from '../../../errors/index.ts';
import { countOf } from '../../changes/change-devices.ts';
import { isGlob, matchGlob } from '../../../std/glob.ts';
import type { CommandContext } from '../../context.ts';
import { defineCommand, listArg, numberOption, textOption, type CommandInput } from '../../define-command.ts';
import { whereOption } from '../../options/selector.ts';
import { deviceChangeView } from '../../views/device-view.ts';

export const command = defineCommand({
  name: 'device watch',
  summary: 'Tell when devices connect, disconnect, come or go.',
  description:
    'Looks at the devices again and again and tells what changed. What changes back between two looks is not seen.',
  arguments: [
    { name: 'device', summary: 'ids and globs; all devices when there is none', variadic: true, complete: 'device' },
  ],
  options: [
    whereOption,
    {
      name: 'interval',
      type: 'duration',
      value: 'TIME',
      summary: 'time between two looks',
      default: 2_000,
      minimum: 200,
      maximum: 3_600_000,
    },
    { name: 'count', type: 'integer', value: 'N', summary: 'stop after so many changes', minimum: 1 },
    {
      name: 'timeout',
      type: 'duration',
      value: 'TIME',
      summary: 'stop after this time; 124 when --count was not reached',
    },
  ],
  examples: [
    { run: 'iotctl device watch', explains: 'all devices' },
    { run: "iotctl device watch 'truck-*' --count 1 --timeout 1m", explains: 'wait for the first change of a truck' },
  ],
  exitCodes: [1, 4, 9, 124, 143],
  output: 'stream',
  formats: ['lines'],
  usesHub: true,
  run: watch,
});

async function watch(context: CommandContext, input: CommandInput): Promise<void> {
  const hub = await context.hub();
  const { watchDevices } = await import('../../../fleet/devices/index.ts');
  const count = numberOption(input, 'count');
  const timeout = numberOption(input, 'timeout');
  const ending = new AbortController();
  const cancel = timeout === undefined ? undefined : context.clock.after(timeout, () => ending.abort(timeIsUp));
  const changes = watchDevices(hub, {
    globs: listArg(input, 'device'),
    where: textOption(input, 'where'),
    clock: context.clock,
    intervalMs: numberOption(input, 'interval') ?? 2_000,
    signal: AbortSignal.any([context.signal, ending.signal]),
    onStart(devices) {
      context.notes.info(`watching ${countOf(devices)} on ${hub.hostName}`);
      // Waiting for a device to be made is legitimate, a mistyped id is more likely.
      for (const word of listArg(input, 'device')) {
        if (devices.some(({ deviceId }) => matchGlob(word, deviceId))) continue;
        context.notes.warn(`${isGlob(word) ? `no device matches ${word}` : `there is no device ${word}`} yet`);
      }
    },
    onTrouble: (failure) => context.notes.warn(`${failure.message}; still trying`),
  });
  try {
    await context.output.stream(upTo(changes, count), deviceChangeView);
  } catch (error) {
    if (error !== timeIsUp) throw error;
    if (count !== undefined)
      throw new Failure('timed-out', `${count === 1 ? 'no change' : `fewer than ${count} changes`} came in time`);
  } finally {
    cancel?.();
  }
}

/** The reason of the abort after --timeout. */
const timeIsUp = new Error('the time is up');

async function* upTo(
  batches: AsyncIterable<readonly DeviceChange[]>,
  count = Number.POSITIVE_INFINITY,
): AsyncGenerator<readonly DeviceChange[], void, undefined> {
  let left = count;
  for await (const batch of batches) {
    yield batch.slice(0, left);
    left -= batch.length;
    if (left <= 0) return;
  }
}
