import type { HaltReason, Intent, State } from '../model/record.ts';

/**
 * How a rollout stands for somebody who waits: `going` goes on by itself, `completed` ended within its limits, `halted`, `aborted` and
 * `reverted` did not, `needs-person` waits for one.
 */
export type Standing = 'going' | 'completed' | 'halted' | 'aborted' | 'reverted' | 'needs-person';

/** Halts by a limit: whoever waits is told that it went wrong. The others ask for a person. */
const limits: readonly HaltReason['kind'][] = ['failure-limit', 'gate-failed'];

/**
 * How a rollout stands. What operators asked for after the controller's last word counts as going on: `rollout resume` and then
 * `rollout status --wait` must not end with the halt from before.
 */
export function standingOf(intent: Intent, state: State | undefined): Standing {
  if (state === undefined) return 'going';
  switch (state.phase) {
    case 'completed':
    case 'aborted':
    case 'reverted':
      return state.phase;
    case 'running':
    case 'aborting':
    case 'reverting':
      return 'going';
    case 'paused':
      if (intent.ending !== undefined || isAnswered(intent, state.halt)) return 'going';
      return state.halt !== undefined && limits.includes(state.halt.kind) ? 'halted' : 'needs-person';
  }
}

/** Whether an operator has said already what a halt waits for, and the controller has not followed yet. */
function isAnswered(intent: Intent, halt: HaltReason | undefined): boolean {
  if (halt === undefined || intent.paused) return false;
  switch (halt.kind) {
    case 'operator':
      return true;
    case 'failure-limit':
      return intent.pardoned !== undefined && intent.pardoned.failures >= halt.failures;
    case 'gate-failed':
    case 'gate-inconclusive':
    case 'wave-unreached':
      return intent.promoted.includes(halt.wave);
    case 'approval':
      return intent.approved.includes(halt.wave);
    case 'trouble':
      return false;
  }
}

/** True when nothing more will happen. */
export function hasEnded(state: State | undefined): boolean {
  return state?.phase === 'completed' || state?.phase === 'aborted' || state?.phase === 'reverted';
}
