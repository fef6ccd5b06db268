import type { HaltReason, Intent, State } from '../model/record.ts';
import { goesOn } from '../records/index.ts';
import type { RolloutStatus } from './status.ts';

/**
 * How a rollout stands for somebody who waits: `going` goes on by itself, `completed` ended within its limits, `halted`, `aborted` and
 * `reverted` did not, `needs-person` waits for one.
 */
export type Standing = 'going' | 'completed' | 'halted' | 'aborted' | 'reverted' | 'needs-person';

/** Halts by a limit: whoever waits is told that it went wrong. The others ask for a person. */
const limits: ReadonlySet<HaltReason['kind']> = new Set(['failure-limit', 'gate-failed'] as const);

/**
 * How a rollout stands. What operators asked for after the controller's last word counts as going on: `rollout resume` and then
 * `rollout status --wait` must not end with the halt from before.
 */
export function standingOf(intent: Intent, state: State | undefined): Standing {
  if (state === undefined) return 'going';
  switch (state.phase) {
    case 'completed':
    case 'aborted':
      return intent.ending === 'revert' ? 'going' : state.phase;
    case 'reverted':
      return state.phase;
    case 'running':
    case 'aborting':
    case 'reverting':
      return 'going';
    case 'paused':
      if (intent.ending !== undefined || isAnswered(intent, state)) return 'going';
      return state.halt !== undefined && limits.has(state.halt.kind) ? 'halted' : 'needs-person';
  }
}

/** Whether an operator has said already what a halt waits for, and the controller has not followed yet. */
function isAnswered(intent: Intent, state: State): boolean {
  const { halt } = state;
  if (halt === undefined || intent.paused) return false;
  if (isResumed(intent, state)) return true;
  switch (halt.kind) {
    case 'operator':
      return true;
    case 'gate-failed':
    case 'gate-inconclusive':
    case 'wave-unreached':
      return intent.promoted.includes(halt.wave);
    case 'approval':
      return intent.approved.includes(halt.wave);
    case 'failure-limit':
    case 'trouble':
      return false;
  }
}

/** Whether there is a resume that the controller has not followed yet. */
export function isResumed(intent: Intent, state: State | undefined): boolean {
  return (intent.resumes ?? 0) > (state?.resumes ?? 0);
}

/** True when nothing more will happen, whatever an operator has asked for. */
export function hasEnded({ intent, state }: Pick<RolloutStatus, 'intent' | 'state'>): boolean {
  return !goesOn({ intent, state });
}
