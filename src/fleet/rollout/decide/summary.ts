import type { DeviceState } from '../model/observed.ts';
import type { Phase, Summary } from '../model/record.ts';
import { waveCounts, type Survey } from './survey.ts';

/** What is told about a rollout; see {@link Summary}. */
export function summarise(
  all: Survey,
  { phase, startedAt, now, offers }: { phase: Phase; startedAt: number; now: number; offers: number },
): Summary {
  const isEnding = phase !== 'running' && phase !== 'paused' && phase !== 'completed';
  const waves = waveCounts(all);
  const endsAt = phase === 'running' ? estimate(all, startedAt, now) : undefined;
  return {
    waves: isEnding ? waves.map(({ devices, states }) => ({ devices, states: withoutPlanned(states) })) : waves,
    decided: all.decided,
    failures: all.failures,
    failuresByCode: Object.fromEntries(sorted(all.failuresByCode)),
    blocked: Object.fromEntries(sorted(all.blocked)),
    inProgress: all.inProgress,
    offersPerMinute: all.recent + offers,
    ...(endsAt !== undefined && { endsAt }),
  };
}

/** What was not offered before the end never will be. */
function withoutPlanned(states: Readonly<Partial<Record<DeviceState, number>>>): typeof states {
  const { planned, ...rest } = states;
  return planned === undefined ? states : { ...rest, canceled: (states.canceled ?? 0) + planned };
}

/** As if the rest took as long as those who are decided. */
function estimate(all: Survey, startedAt: number, now: number): number | undefined {
  if (all.decided === 0 || now <= startedAt) return undefined;
  let left = all.inProgress;
  for (const states of all.waves) left += states.get('planned') ?? 0;
  return Math.round(now + ((now - startedAt) / all.decided) * left);
}

function sorted<Key extends string>(counts: ReadonlyMap<Key, number>): readonly (readonly [Key, number])[] {
  return [...counts].toSorted(([left], [right]) => (left < right ? -1 : 1));
}
