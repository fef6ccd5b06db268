export { changesOf, progressOf, type RolloutChange } from './changes.ts';
export { hasEnded, standingOf, type Standing } from './standing.ts';
export type { RolloutStatus } from './status.ts';
