import { formatDuration } from '../../std/duration.ts';

const units = [86_400_000, 3_600_000, 60_000] as const;

/** A time as a person counts it from `now` (Unix ms), roughly: `3m ago`, `in 2h`; nothing for one that is not known. */
export function whenText(time: string | null | undefined, now: number): string | undefined {
  const at = Date.parse(time ?? '');
  if (Number.isNaN(at)) return undefined;
  const apart = Math.abs(at - now);
  if (apart < 1_000) return 'now';
  const unit = units.find((one) => apart >= one) ?? 1_000;
  const [text = ''] = formatDuration(Math.round(apart / unit) * unit).split(' ');
  return at > now ? `in ${text}` : `${text} ago`;
}
