import { changesOf, followRollout, progressOf, type RolloutChange } from '../../fleet/rollout/operate/index.ts';
import type { CommandContext } from '../context.ts';
import { numberOption, type CommandInput } from '../define-command.ts';
import { changeView } from '../views/rollout-change-view.ts';
import { rolloutTree, type RolloutFrame } from '../views/rollout-tree.ts';

/** How often a pipe is told how far it has come when nothing else happens. */
const progressEveryMs = 10_000;
const mostRemembered = 50;

/** Draws a rollout until it ends, or tells its changes where nothing can be drawn. */
export async function watchRollout(context: CommandContext, input: CommandInput, id: string): Promise<void> {
  const { output, notes, signal } = context;
  const intervalMs = numberOption(input, 'interval') ?? 1_000;
  try {
    if (output.isTTY && output.format === 'table') await output.live(framesOf(context, id, intervalMs), rolloutTree);
    else await output.stream(tellChanges(context, id, intervalMs), changeView);
  } catch (error) {
    if (signal.aborted) notes.info(`the rollout goes on; watch it with: iotctl rollout watch ${id}`);
    throw error;
  }
}

async function* framesOf(
  context: CommandContext,
  id: string,
  intervalMs: number,
): AsyncGenerator<RolloutFrame, void, undefined> {
  const { clock, signal } = context;
  let changes: readonly RolloutChange[] = [];
  let before: RolloutFrame['status'] | undefined;
  for await (const { status, leaseUnchangedMs, trouble } of followRollout(await context.hub(), id, {
    clock,
    intervalMs,
    signal,
  })) {
    const now = clock.now();
    // What was before the first look is not news.
    if (before !== undefined) changes = [...changes, ...changesOf(before, status, now)].slice(-mostRemembered);
    before = status;
    yield { status, changes, now, leaseUnchangedMs, trouble: trouble?.message };
  }
}

async function* tellChanges(
  context: CommandContext,
  id: string,
  intervalMs: number,
): AsyncGenerator<readonly RolloutChange[], void, undefined> {
  const { clock, signal, notes } = context;
  let before: RolloutFrame['status'] | undefined;
  let told = Number.NEGATIVE_INFINITY;
  let wasTrouble = false;
  for await (const { status, trouble } of followRollout(await context.hub(), id, { clock, intervalMs, signal })) {
    if (trouble !== undefined && !wasTrouble) notes.warn(`${trouble.message}; still trying`);
    wasTrouble = trouble !== undefined;
    const now = clock.now();
    const changes = changesOf(before, status, now);
    const isDue = clock.monotonic() - told >= progressEveryMs;
    const isNews =
      before?.state?.summary === undefined ||
      JSON.stringify(before.state.summary) !== JSON.stringify(status.state?.summary);
    if (isNews && (isDue || changes.some(({ kind }) => kind === 'phase'))) {
      changes.push(...progressOf(status, now));
      told = clock.monotonic();
    }
    before = status;
    if (changes.length > 0) yield changes;
  }
}
