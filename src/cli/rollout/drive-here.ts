import type { CommandContext } from '../context.ts';

/**
 * Does something while a rollout is driven: a hub of iotctl drives it itself; for one in the cloud this program does, as long as it
 * waits, and else says who can.
 */
export async function drivenHere(
  context: CommandContext,
  rolloutId: string,
  { wait, allowCommands }: { readonly wait: boolean; readonly allowCommands: boolean },
  work: () => Promise<void>,
): Promise<void> {
  const { kind } = await context.connection();
  if (kind === 'local') return work();
  if (!wait) {
    await work();
    return context.notes.info(
      'a hub in the cloud drives no rollouts: let iotctl controller run somewhere, or add --wait',
    );
  }
  const { runHere } = await import('./run-controller.ts');
  const ending = new AbortController();
  const signal = AbortSignal.any([context.signal, ending.signal]);
  const driving = runHere(context, { rolloutId, untilIdle: false, allowCommands, signal, isTold: false });
  // Without a controller there is nothing to wait for; but a failure to follow says more than one to drive.
  const failed = driving.then(() => new Promise<never>(() => undefined));
  try {
    await Promise.race([work(), failed]);
  } finally {
    // Hands its lease back, so that another controller takes over at once.
    ending.abort();
    await driving.catch(() => undefined);
  }
}
