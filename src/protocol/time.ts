import { rememberLast } from '../std/remember-last.ts';
import { neverTime } from './identity.ts';

/** ISO 8601 with milliseconds, as identities and messages carry it. 0 means never. */
export function isoMillis(ms: number): string {
  return ms === 0 ? neverTime : new Date(ms).toISOString();
}

/** ISO 8601 with seven fractional digits, as twin metadata and message expiry carry it. 0 means never. Source: device.md §2.5, §6. */
export const isoTicks: (ms: number) => string = rememberLast((ms: number) =>
  ms === 0 ? neverTime : `${new Date(ms).toISOString().slice(0, -1)}0000Z`,
);
