import { Failure } from '../../errors/index.ts';
import type { TwinChange } from '../../protocol/twin/document.ts';
import type { CommandContext } from '../context.ts';
import { switchOption, textOption, type CommandInput, type OptionDeclaration } from '../define-command.ts';
import { selectorOptions, selectsMany } from '../options/selector.ts';
import { differenceView, twinView } from '../views/twin-view.ts';
import { changeDevices, dryRunOption } from './change-devices.ts';
import { confirmChange } from './confirm-change.ts';

export const twinChangeOptions: readonly OptionDeclaration[] = [
  ...selectorOptions,
  { name: 'etag', type: 'string', value: 'ETAG', summary: 'only when the twin still has this ETag; for one device' },
  dryRunOption,
];

/**
 * The words of `twin set`, `twin unset` and whichever `command` has the same: the device or glob first, unless --where or --from name the devices; the rest is the change.
 * Failure: usage.
 */
export function splitTwinWords(
  words: readonly string[],
  input: CommandInput,
  command = 'twin set',
): { devices: readonly string[]; change: readonly string[] } {
  const named = textOption(input, 'where') === undefined && textOption(input, 'from') === undefined;
  const devices = named ? words.slice(0, 1) : [];
  const change = named ? words.slice(1) : words;
  if (change.length > 0) return { devices, change };
  throw new Failure(
    'usage',
    named && words.length > 0 ? `what is to change in ${words[0]} is missing` : 'what is to change is missing',
    {
      hint: `iotctl ${command} DEVICE ${command === 'twin unset' ? 'name' : 'name=value'}`,
    },
  );
}

/** Changes the twin of one device and shows it, or those of many with a line each; --dry-run shows the difference instead. */
export async function changeTwins(
  context: CommandContext,
  input: CommandInput,
  devices: readonly string[],
  change: TwinChange,
): Promise<void> {
  const twins = await import('../../fleet/twins/index.ts');
  const etag = textOption(input, 'etag');
  const [only] = devices;
  const many = selectsMany({
    ids: devices,
    ...pick(input, 'where'),
    ...(textOption(input, 'from') !== undefined && { from: [] }),
  });
  if (many || only === undefined) {
    if (etag !== undefined) throw new Failure('usage', '--etag is of one device; name that device alone');
    return changeDevices(context, input, {
      words: { infinitive: 'change', done: 'changed', already: 'the same already' },
      asksForOne: false,
      takesModules: true,
      ids: devices,
      run: (hub, deviceIds, concurrency) =>
        twins.setTwins(hub, deviceIds, { change, concurrency, signal: context.signal }),
    });
  }
  const hub = await context.hub();
  if (switchOption(input, 'dryRun')) {
    const differences = await twins.previewTwin(hub, only, change, context.signal);
    return context.output.list(differences, differenceView('now', 'then', `nothing would change in ${only}`));
  }
  await confirmChange(context, `Change the twin of ${only} on ${hub.hostName}?`, false);
  const twin = await twins.setTwin(hub, only, { change, etag, signal: context.signal });
  await context.output.document(twin, twinView(undefined));
}

function pick(input: CommandInput, name: 'where'): { where?: string } {
  const value = textOption(input, name);
  return value === undefined ? {} : { [name]: value };
}
