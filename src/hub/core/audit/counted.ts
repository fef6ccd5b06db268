import type { AuditNote } from '../../../protocol/audit.ts';
import type { Clock } from '../../../std/clock.ts';
import type { JsonObject } from '../../../std/json.ts';
import type { Happening } from './service.ts';

/** For so long the like of a happening is counted after it was noted. */
export const windowMs = 60_000;
/** So long while there are more kinds than are told apart: a flood from everywhere must not push out what the audit is for. */
const longestWindowMs = 3_600_000;
/** Kinds of happenings that are told apart in one window, of strangers and of the others each; the others of an event are one kind. */
export const mostKinds = 32;
/** Names that are kept of what is counted. */
const mostTargets = 100;

interface Window {
  readonly happening: Happening;
  readonly first: Promise<void>;
  readonly targets: Set<string>;
  count: number;
}

export interface CountedParts {
  readonly clock: Clock;
  /** Stores a note; the promise resolves when it is on disk. */
  readonly write: (note: AuditNote) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** Happenings that may come in floods: the first of its kind is noted at once, its like within a minute in one note with a count. */
export interface Counted {
  /** Resolves when the first of the kind is on disk. */
  add(happening: Happening): Promise<void>;
  close(): Promise<void>;
}

/** Strangers are counted apart: however many come, who has proved who they are is still told by name. */
export function createCounted(parts: CountedParts): Counted {
  const [strangers, proved] = [createGroup(parts), createGroup(parts)];
  return {
    add: (happening) => (happening.source === 'unproved' ? strangers : proved).add(happening),
    async close() {
      await Promise.all([strangers.close(), proved.close()]);
    },
  };
}

function createGroup({ clock, write, onError }: CountedParts): Counted {
  const windows = new Map<string, Window>();
  let currentMs = windowMs;
  let overflowed = false;
  let cancel: (() => void) | undefined;

  async function flush(): Promise<void> {
    cancel = undefined;
    currentMs = overflowed ? Math.min(currentMs * 2, longestWindowMs) : windowMs;
    overflowed = false;
    const ended = [...windows.values()];
    windows.clear();
    await Promise.all(ended.filter(({ count }) => count > 0).map((window) => write(summaryOf(window, clock.now()))));
  }

  function open(key: string, happening: Happening): Promise<void> {
    const first = write(noteOf(happening, happening.targets ?? [], happening.details, clock.now()));
    const window = { happening, first, targets: new Set<string>(), count: 0 };
    windows.set(key, window);
    // What could not be noted is not counted either: the next one tries again.
    first.catch(() => windows.get(key) === window && windows.delete(key));
    cancel ??= clock.after(currentMs, () => void flush().catch(onError), { unref: true });
    return first;
  }

  return {
    add(happening) {
      const { event, result, source, address = '' } = happening;
      const own = JSON.stringify([event, result, source, address]);
      const isOther = !windows.has(own) && windows.size >= mostKinds;
      overflowed ||= isOther;
      const key = isOther ? `others ${event}` : own;
      const window = windows.get(key);
      if (window === undefined) return open(key, isOther ? othersOf(happening) : happening);
      window.count += 1;
      for (const target of happening.targets ?? [])
        if (window.targets.size < mostTargets) window.targets.add(target.slice(0, mostTargets * 2));
      return window.first;
    },
    async close() {
      cancel?.();
      await flush();
    },
  };
}

/** What stands for all that are told apart no more. */
function othersOf({ event, result, targets }: Happening): Happening {
  return { event, result, source: 'various', targets };
}

function summaryOf({ happening, targets, count }: Window, now: number): AuditNote {
  return noteOf(happening, [...targets], { ...happening.details, more: count }, now);
}

function noteOf(
  { event, result, source, address }: Happening,
  targets: readonly string[],
  details: JsonObject | undefined,
  at: number,
): AuditNote {
  return { at, event, source, address, result, targets, ...(details !== undefined && { details }) };
}
