import { isFailure } from '../../errors/index.ts';
import type { Configuration } from '../../protocol/configuration.ts';
import { sleep, type Clock } from '../../std/clock.ts';
import type { Hub } from '../ports.ts';
import type { Plan } from './plan.ts';

export interface ApplyOptions {
  readonly clock: Clock;
  /** How long a new revision may take until it is in force, milliseconds; 0 does not wait. */
  readonly patienceMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Told of each step as it is done. */
  readonly onStep: (text: string) => void;
}

/** What became of a plan. `waiting`: the new revision is there, but was not in force in time, so the old one is too. */
export interface Applied {
  readonly name: string;
  readonly id: string;
  readonly result: 'created' | 'updated' | 'replaced' | 'retired' | 'unchanged' | 'waiting';
}

const firstPauseMs = 250;
const longestPauseMs = 15_000;

/** Carries out a plan. Every step can be done again, so one that was broken off is finished by planning and applying once more. */
export async function applyPlan(hub: Pick<Hub, 'configurations'>, plan: Plan, options: ApplyOptions): Promise<Applied> {
  const { name, action, draft, current, outdated } = plan;
  const { signal, onStep } = options;
  const done = (result: Applied['result']): Applied => ({ name, id: draft.id, result });
  const write = async (change: Plan['draft'], etag?: string): Promise<Configuration> =>
    hub.configurations.put(change, { ...(etag !== undefined && { etag }), ...(signal && { signal }) });

  if (action === 'none') return done('unchanged');
  if (action === 'create') {
    await write(draft);
    onStep(`${draft.id} is created`);
    return done('created');
  }
  if (action === 'update') {
    await write(draft, current?.etag);
    onStep(`${draft.id} is updated`);
  }
  if (action === 'replace') {
    // Of equal priorities the newer one wins; one that is to have a lower priority gets it when the old one is gone.
    const priority = Math.max(draft.priority ?? 0, ...outdated.map((one) => one.priority));
    await write({ ...draft, priority });
    onStep(`${draft.id} is created and takes over from ${current?.id ?? 'nothing'}`);
  }
  if (outdated.length > 0 && !(await isInForce(hub, draft.id, options))) return done('waiting');
  for (const { id } of outdated) {
    await deleteIfThere(hub, id, signal);
    onStep(`${id} is deleted`);
  }
  if (action === 'replace' && outdated.some(({ priority }) => priority > (draft.priority ?? 0)))
    await write(draft, '*');
  return done(action === 'update' ? 'updated' : action === 'retire' ? 'retired' : 'replaced');
}

/** Waits until the hub has applied the configuration to all it targets. */
async function isInForce(
  hub: Pick<Hub, 'configurations'>,
  id: string,
  { clock, patienceMs, signal }: ApplyOptions,
): Promise<boolean> {
  const deadline = clock.monotonic() + patienceMs;
  for (let pause = firstPauseMs; ; pause = Math.min(longestPauseMs, pause * 2)) {
    const { targetedCount, appliedCount } = (await hub.configurations.get(id, signal)).systemMetrics.results;
    if (targetedCount !== undefined && appliedCount !== undefined && appliedCount >= targetedCount) return true;
    if (clock.monotonic() + pause > deadline) return false;
    await sleep(clock, pause, signal);
  }
}

async function deleteIfThere(
  hub: Pick<Hub, 'configurations'>,
  id: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await hub.configurations.delete(id, signal);
  } catch (error) {
    if (!isFailure(error, 'not-found')) throw error;
  }
}
