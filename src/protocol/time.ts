import { neverTime } from './identity.ts';

/** ISO 8601 with milliseconds, as identities and messages carry it. 0 means never. */
export function isoMillis(ms: number): string {
  return ms === 0 ? neverTime : new Date(ms).toISOString();
}

/** The time that was written last: a fleet that is provisioned or reports has many stamps of one millisecond. */
let last = { ms: Number.NaN, text: '' };

/** ISO 8601 with seven fractional digits, as twin metadata and message expiry carry it. 0 means never. Source: device.md §2.5, §6. */
export function isoTicks(ms: number): string {
  if (ms === 0) return neverTime;
  if (ms !== last.ms) last = { ms, text: `${new Date(ms).toISOString().slice(0, -1)}0000Z` };
  return last.text;
}
