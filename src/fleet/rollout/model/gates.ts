import { parseLimit } from './condition.ts';
import type { Gate, Policy } from './spec.ts';

/** Whether a limit of the gate is a factor of the control group's value. */
export function needsControl({ pass, fail }: Pick<Gate, 'pass' | 'fail'>): boolean {
  return [pass, fail].some((text) => text !== undefined && parseLimit(text)?.ofControl === true);
}

/**
 * The gates of a wave: its own, or those of the policy. Those of the policy that compare with a control group are left out of the last
 * wave, after which there is none.
 */
export function gatesOf({ waves, gates }: Pick<Policy, 'waves' | 'gates'>, index: number): readonly Gate[] {
  const wave = waves[index];
  const own = wave !== undefined && 'gates' in wave ? wave.gates : undefined;
  if (own !== undefined) return own;
  return index === waves.length - 1 ? gates.filter((gate) => !needsControl(gate)) : gates;
}
