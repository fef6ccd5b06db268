/** Whether a rollout goes on, waits for a person, or is on its way back. */
import { isDeepStrictEqual } from 'node:util';
import type { DecideInput, Finding } from '../model/decision.ts';
import type { HaltReason, Intent, Phase, State, WaveState } from '../model/record.ts';
import type { Policy } from '../model/spec.ts';
import { verdictOfWave } from './gates.ts';
import type { Survey } from './survey.ts';

export interface Course {
  /** The way to the end, which is not left again. */
  readonly ending: 'abort' | 'revert' | undefined;
  /** Why nothing is offered. A rollout that ends keeps what made it. */
  readonly halt: HaltReason | undefined;
}

/**
 * Whether too many have failed. The share counts from the minimum sample on, so that the first failure of many is not the end; when
 * everybody a wave waits for is decided, what there is has to do.
 */
export function isLimitCrossed(
  { failureLimit: { rate, minimumSample, count } }: Pick<Policy, 'failureLimit'>,
  all: Pick<Survey, 'decided' | 'failures'>,
  pardoned: Intent['pardoned'],
  isWaveDone: boolean,
): boolean {
  const decided = Math.max(0, all.decided - (pardoned?.decided ?? 0));
  const failures = Math.max(0, all.failures - (pardoned?.failures ?? 0));
  if (count !== undefined && failures > count) return true;
  if (rate === undefined || decided === 0) return false;
  return (isWaveDone || decided >= minimumSample) && failures / decided > rate;
}

/** `waves` with their measurements counted; `resumed` when a person has said so since the last decision. */
export function courseOf(
  { intent, trouble, state, plan }: DecideInput,
  all: Survey,
  waves: readonly WaveState[],
  { resumed, isWaveDone }: { readonly resumed: boolean; readonly isWaveDone: boolean },
): Course {
  const { policy } = plan.spec;
  const found = limitHalt(policy, all, intent, isWaveDone) ?? gateHalt(waves, intent) ?? troubleHalt(trouble);
  const kept = resumed ? undefined : keptHalt(state?.halt, intent, found);
  const halt = strongest(found, kept);
  const byLimit = halt?.kind === 'failure-limit' || halt?.kind === 'gate-failed' ? policy.onFailure : 'pause';
  const ending = strongestEnding(endingOf(state?.phase), intent.ending, byLimit === 'pause' ? undefined : byLimit);
  if (ending !== undefined) return { ending, halt: halt ?? state?.halt };
  return { ending, halt: halt ?? (intent.paused ? { kind: 'operator' } : undefined) };
}

function limitHalt(policy: Policy, all: Survey, intent: Intent, isWaveDone: boolean): HaltReason | undefined {
  if (!isLimitCrossed(policy, all, intent.pardoned, isWaveDone)) return undefined;
  return { kind: 'failure-limit', decided: all.decided, failures: all.failures };
}

/** Only the newest wave: the gates of those before are behind it. */
function gateHalt(waves: readonly WaveState[], { promoted }: Intent): HaltReason | undefined {
  const wave = waves.length - 1;
  const current = waves[wave];
  if (current === undefined || current.closedAt !== undefined || promoted.includes(wave)) return undefined;
  const { verdict, gate } = verdictOfWave(current);
  if (verdict === 'fail') return { kind: 'gate-failed', wave, gate };
  return verdict === 'inconclusive' ? { kind: 'gate-inconclusive', wave, gate } : undefined;
}

function troubleHalt(message: string | undefined): HaltReason | undefined {
  return message === undefined ? undefined : { kind: 'trouble', message };
}

/** What a halt waits for decides whether it is over: counts that change by themselves do not end one. */
function keptHalt(halt: HaltReason | undefined, intent: Intent, found: HaltReason | undefined): HaltReason | undefined {
  switch (halt?.kind) {
    case 'failure-limit': {
      const isPardoned = (intent.pardoned?.failures ?? -1) >= halt.failures;
      return isPardoned && found?.kind !== 'failure-limit' ? undefined : halt;
    }
    case 'gate-failed':
    case 'gate-inconclusive':
      return intent.promoted.includes(halt.wave) ? undefined : halt;
    // What somebody has repaired, resumed or approved shows elsewhere.
    case 'trouble':
    case 'operator':
    case 'approval':
    case 'wave-unreached':
    case undefined:
      return undefined;
  }
}

const strength: Readonly<Record<HaltReason['kind'], number>> = {
  'failure-limit': 5,
  'gate-failed': 4,
  'gate-inconclusive': 3,
  trouble: 2,
  operator: 1,
  approval: 0,
  'wave-unreached': 0,
};

/** The one from before when both are the same: it says when it began. */
function strongest(found: HaltReason | undefined, kept: HaltReason | undefined): HaltReason | undefined {
  if (found === undefined || kept === undefined) return found ?? kept;
  return strength[found.kind] > strength[kept.kind] ? found : kept;
}

function endingOf(phase: Phase | undefined): Intent['ending'] {
  if (phase === 'aborting' || phase === 'aborted') return 'abort';
  return phase === 'reverting' || phase === 'reverted' ? 'revert' : undefined;
}

function strongestEnding(...endings: readonly Intent['ending'][]): Intent['ending'] {
  return endings.includes('revert') ? 'revert' : endings.find((each) => each !== undefined);
}

/** What the audit says of a change of course. */
export function courseFindings(
  before: State | undefined,
  phase: Phase,
  halt: HaltReason | undefined,
): readonly Finding[] {
  const isSame = before?.phase === phase && isDeepStrictEqual(before.halt, halt);
  if (isSame || (before === undefined && phase === 'running')) return [];
  const { kind = null, ...details } = halt ?? {};
  const wave = 'wave' in details ? { wave: details.wave + 1 } : {};
  return [{ action: 'phase-changed', details: { phase, reason: kind, ...details, ...wave } }];
}
