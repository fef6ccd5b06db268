import type { StoredRollout } from '../records/index.ts';

/** What the records say about a rollout; nothing of it needs a look at twins. */
export type RolloutStatus = Pick<StoredRollout, 'id' | 'header' | 'intent' | 'state' | 'lease'>;
