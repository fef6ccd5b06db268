import type { AuditNote } from '../../../protocol/audit.ts';
import type { Clock } from '../../../std/clock.ts';
import type { JsonObject } from '../../../std/json.ts';
import type { Happening } from './service.ts';

/** For so long the like of a happening is counted after it was noted. */
export const windowMs = 60_000;
/** Kinds of happenings that are told apart at a time; more are counted as one, so that a flood from everywhere stays small. */
const mostKinds = 256;
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

export function createCounted({ clock, write, onError }: CountedParts): Counted {
  const windows = new Map<string, Window>();
  let cancel: (() => void) | undefined;

  async function flush(): Promise<void> {
    cancel = undefined;
    const ended = [...windows.values()];
    windows.clear();
    await Promise.all(ended.filter(({ count }) => count > 0).map((window) => write(summaryOf(window, clock.now()))));
  }

  function open(key: string, happening: Happening): Window {
    const { targets = [], details } = happening;
    const first = write(noteOf(happening, targets, details, clock.now()));
    const window = { happening, first, targets: new Set<string>(), count: 0 };
    windows.set(key, window);
    // What could not be noted is not counted either: the next one tries again.
    first.catch(() => windows.get(key) === window && windows.delete(key));
    cancel ??= clock.after(windowMs, () => void flush().catch(onError), { unref: true });
    return window;
  }

  return {
    add(happening) {
      const { event, result, source, address = '' } = happening;
      let key = JSON.stringify([event, result, source, address]);
      if (!windows.has(key) && windows.size >= mostKinds) key = `others ${event}`;
      const window = windows.get(key);
      if (window === undefined) return open(key, happening).first;
      window.count += 1;
      for (const target of happening.targets ?? []) if (window.targets.size < mostTargets) window.targets.add(target);
      return window.first;
    },
    async close() {
      cancel?.();
      await flush();
    },
  };
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
