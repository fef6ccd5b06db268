import { Failure } from '../../errors/index.ts';
import type { QueuedMessage } from '../../fleet/messages/index.ts';
import type { CommandContext } from '../context.ts';
import { listArg, numberOption, switchOption, type ArgumentDeclaration, type CommandInput } from '../define-command.ts';
import { readSelector } from './selector.ts';

export const queueArgument = {
  name: 'device',
  summary: 'ids and globs; DEVICE/MODULE for a module',
  variadic: true,
  complete: 'device',
} as const satisfies ArgumentDeclaration;

export const deadOption = { name: 'dead', summary: 'those that were not delivered, with the reason' } as const;

/** Messages in the queues of the devices that the words select. Failures: no-match, unsupported, and those of the hub. */
export async function readSelectedQueues(
  context: CommandContext,
  input: CommandInput,
  request: { readonly bodies: boolean; readonly limit?: number | undefined },
): Promise<AsyncIterable<QueuedMessage>> {
  const { readQueues } = await import('../../fleet/messages/index.ts');
  const { selectDevices } = await import('../../fleet/selection/index.ts');
  const hub = await context.hub();
  const selector = await readSelector(context, input, listArg(input, 'device'));
  const identities: string[] = [];
  for await (const id of selectDevices(hub, selector, { modules: true, signal: context.signal })) identities.push(id);
  if (identities.length === 0) throw new Failure('no-match', 'no device matches the selection');
  return readQueues(hub, identities, {
    ...request,
    state: switchOption(input, 'dead') ? 'dead' : 'queued',
    concurrency: numberOption(input, 'concurrency') ?? 1,
    signal: context.signal,
  });
}
