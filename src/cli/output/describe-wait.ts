import type { HubAddress } from '../../config/profile.ts';
import { formatDuration } from '../../std/duration.ts';

/** Why nothing happens for a while, and until when. `rate` is the hub's size as the profile tells it, `hub` a refusal for load. */
export function describeWait(
  { cause, waitMs }: { readonly cause: 'rate' | 'hub'; readonly waitMs: number },
  { tier, units = 1 }: Pick<HubAddress, 'tier' | 'units'>,
): string {
  const end = `going on in ${formatDuration(Math.ceil(waitMs / 1_000) * 1_000)}`;
  if (cause === 'hub') return `throttled by the hub; ${end}`;
  if (tier === undefined) {
    const size = units === 1 ? 'one S1 unit' : `${units} S1 units`;
    return `keeping to the rate of ${size}, because the profile names no --tier; ${end}`;
  }
  return `keeping to the rate of ${units === 1 ? `one ${tier} unit` : `${units} ${tier} units`}; ${end}`;
}
