export { changesOf, progressOf, type RolloutChange } from './changes.ts';
export { followRollout, type Look } from './follow.ts';
export { makePlan } from './make-plan.ts';
export { hasEnded, standingOf, type Standing } from './standing.ts';
export { attachRollout, startRollout } from './start-rollout.ts';
export type { RolloutStatus } from './status.ts';
export { askRollout } from './wish.ts';
