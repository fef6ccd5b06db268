/** What the commands that follow a hub have in common. */
import { Failure } from '../../errors/index.ts';
import type { TailEvent, TailRequest } from '../../fleet/telemetry/index.ts';
import type { CommandContext } from '../context.ts';
import { listArg, numberOption, textOption, type CommandInput, type OptionDeclaration } from '../define-command.ts';
import type { Notes } from '../output/notes.ts';
import { readSelector } from './selector.ts';

/** Which span of what is stored, and by which consumer group where a hub has those. */
export const spanOptions: readonly OptionDeclaration[] = [
  {
    name: 'since',
    type: 'time',
    value: 'TIME',
    summary: 'begin with what was stored then (ISO time, or an age such as 10m)',
  },
  { name: 'until', type: 'time', value: 'TIME', summary: 'stop before what was stored from then on' },
  {
    name: 'consumer-group',
    type: 'string',
    value: 'NAME',
    summary: "consumer group of a hub in the cloud; otherwise the profile's, or $Default",
  },
];

/** When to stop; `things` are what is counted. */
export function limitOptions(things: string): readonly OptionDeclaration[] {
  return [
    { name: 'count', type: 'integer', value: 'N', summary: `stop after so many ${things}`, minimum: 1 },
    {
      name: 'timeout',
      type: 'duration',
      value: 'TIME',
      summary: 'stop after this time; 124 when --count was not reached',
    },
  ];
}

/** What the flags of a tail ask for. */
export async function readTailRequest(
  context: CommandContext,
  input: CommandInput,
  signal: AbortSignal,
): Promise<TailRequest> {
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
    consumerGroup: textOption(input, 'consumerGroup'),
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
export async function checkTailDevices(context: CommandContext, request: TailRequest): Promise<void> {
  const { isGlob } = await import('../../std/glob.ts');
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
