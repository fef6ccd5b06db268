import type { Policy } from '../model/spec.ts';

type Window = NonNullable<Policy['window']>;

/** Unix milliseconds; `closes` is the first moment outside. */
export interface Span {
  readonly opens: number;
  readonly closes: number;
}

/** The maintenance window that a moment lies in, or else the next one after it, in a time zone of the IANA database. */
export type FindWindow = (timezone: string | undefined, at: number) => Span;

const day = 86_400_000;
const weekday = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

/**
 * Finds windows by the clock on a device's wall. A time that a change of clocks leaves out is as much later as the clock was put
 * forward; one that comes twice is the first of the two. `days` are those on which the window opens; `to` that is not after `from`
 * is on the next day. Zones that nobody knows are UTC.
 */
export function createWindows(window: Window): FindWindow {
  const from = minutesOf(window.from);
  const to = minutesOf(window.to);
  const days: ReadonlySet<string> | undefined = window.days && new Set(window.days);
  if (from === to && (days === undefined || days.size === 7)) return () => ({ opens: -Infinity, closes: Infinity });
  const zones = new Map<string, Zone>();
  const known = new Map<string, readonly Span[]>();
  const zoneOf = (name: string): Zone => {
    const zone = zones.get(name) ?? createZone(name);
    zones.set(name, zone);
    return zone;
  };

  function spansAround(timezone: string, today: number): readonly Span[] {
    const key = `${timezone} ${today}`;
    const present = known.get(key);
    if (present !== undefined) return present;
    const zone = zoneOf(timezone);
    const spans: { opens: number; closes: number }[] = [];
    // Two days back, because a local day may be the one before, and a window of it may reach into this one.
    for (let date = today - 2 * day; date <= today + 9 * day; date += day) {
      if (days !== undefined && !days.has(weekday[new Date(date).getUTCDay()] ?? '')) continue;
      const opens = zone.toUtc(date + from);
      const closes = zone.toUtc(date + to + (to > from ? 0 : day));
      const last = spans.at(-1);
      if (last !== undefined && last.closes >= opens) last.closes = Math.max(last.closes, closes);
      else if (closes > opens) spans.push({ opens, closes });
    }
    // A controller that runs for years does not collect days.
    if (known.size > 2_000) known.clear();
    known.set(key, spans);
    return spans;
  }

  return (timezone = 'UTC', at) => {
    const spans = spansAround(timezone, Math.floor(at / day) * day);
    return spans.find(({ closes }) => closes > at) ?? { opens: at + 9 * day, closes: at + 10 * day };
  };
}

function minutesOf(time: string): number {
  const [hours, minutes] = time.split(':').map(Number);
  return ((hours ?? 0) * 60 + (minutes ?? 0)) * 60_000;
}

interface Zone {
  /** From what a wall clock shows, as if that were UTC. */
  toUtc(wall: number): number;
}

function createZone(name: string): Zone {
  const format = formatOf(name);
  const offsetAt = (at: number): number => {
    const part: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(at)) part[type] = Number(value);
    const { year = 0, month = 1, day: date = 1, hour = 0, minute = 0, second = 0 } = part;
    return Date.UTC(year, month - 1, date, hour, minute, second) - Math.floor(at / 1_000) * 1_000;
  };
  return {
    toUtc(wall) {
      const before = offsetAt(wall - day);
      const after = offsetAt(wall + day);
      const fitting = [wall - before, wall - after].filter((at) => at + offsetAt(at) === wall);
      return fitting.length === 0 ? wall - before : Math.min(...fitting);
    },
  };
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const options = {
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  } as const;
  try {
    return new Intl.DateTimeFormat('en-US', { ...options, timeZone });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return new Intl.DateTimeFormat('en-US', { ...options, timeZone: 'UTC' });
  }
}
