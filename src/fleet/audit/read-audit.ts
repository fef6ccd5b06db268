import type { AuditEntry } from '../../protocol/audit.ts';
import { matchGlob } from '../../std/glob.ts';
import type { Hub } from '../ports.ts';

/** Which entries; all when a part is absent. */
export interface AuditFilter {
  /** Unix milliseconds. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  /** Ids of events, or globs of them: `keys.*`. */
  readonly events?: readonly string[] | undefined;
  /** Ids and globs of what things were done to. */
  readonly targets?: readonly string[] | undefined;
}

/** Entries in the order they were written. */
export async function* readHubAudit(
  { audit }: Pick<Hub, 'audit'>,
  filter: AuditFilter,
  signal?: AbortSignal,
): AsyncGenerator<AuditEntry, void, undefined> {
  let after = 0;
  for (;;) {
    const { entries } = await audit.read(after, signal);
    const last = entries.at(-1);
    if (last === undefined) return;
    yield* entries.filter((entry) => isAskedFor(entry, filter));
    after = last.seq;
  }
}

function isAskedFor(
  { at, event, targets }: AuditEntry,
  { since, until, events = [], targets: wanted = [] }: AuditFilter,
): boolean {
  const time = Date.parse(at);
  if ((since !== undefined && time < since) || (until !== undefined && time >= until)) return false;
  if (events.length > 0 && !events.some((glob) => matchGlob(glob, event))) return false;
  return wanted.length === 0 || targets.some((target) => wanted.some((glob) => matchGlob(glob, target)));
}
