import { z } from 'zod';
import { auditChainName, type AuditEntry } from '../../protocol/audit.ts';
import { emptyChain, problemsOfLink, type ChainEnd } from '../../std/hash-chain.ts';
import type { Hub } from '../ports.ts';

export interface HubAuditProblem {
  readonly kind:
    /** An entry does not have the content its hash was made of. */
    | 'changed'
    /** An entry does not follow the one before: something was taken out, put in, or put elsewhere. */
    | 'broken'
    /** The beginning or the end is cut off, or is not the one that the hub or the caller knows of. */
    | 'truncated'
    /** What stands there is no entry. */
    | 'unreadable';
  readonly seq: number;
  readonly message: string;
}

export interface HubAuditVerification {
  readonly entries: number;
  /** Number of the first entry that retention has kept. */
  readonly first: number;
  /** The last entry: keep it elsewhere, and nobody who can write everything at the hub can rewrite the audit unseen. */
  readonly last: ChainEnd;
  readonly problems: readonly HubAuditProblem[];
}

/** More than these are not worth telling. */
const mostProblems = 100;

/** What the chain is made of; what an entry says beside that only has to have its hash. */
const linkSchema = z.looseObject({ seq: z.int().min(1), previous: z.string(), hash: z.string() });
const endSchema = z.object({ seq: z.int().min(0), hash: z.string() });

/** Looks at every entry, and at the ends that the hub keeps beside them. `expected`: an end that was noted before, elsewhere. */
export async function verifyHubAudit(
  { audit }: Pick<Hub, 'audit'>,
  expected?: ChainEnd,
  signal?: AbortSignal,
): Promise<HubAuditVerification> {
  const problems: HubAuditProblem[] = [];
  const tell = (problem: HubAuditProblem): void => void (problems.length < mostProblems && problems.push(problem));
  // The first page's: what is appended meanwhile is no problem.
  let page = await audit.read(0, signal);
  const anchor = endSchema.parse(page.ends.anchor);
  const heads = [endSchema.parse(page.ends.head), ...(expected === undefined ? [] : [expected])];
  if (anchor.seq === 0 && anchor.hash !== emptyChain(auditChainName).hash)
    tell({ kind: 'truncated', seq: 0, message: 'does not begin as an audit of a hub does' });
  let last: ChainEnd = anchor;
  let pruned: { readonly through: number; readonly hash: string } | undefined;
  let count = 0;
  for (; page.entries.length > 0; page = await audit.read(last.seq, signal)) {
    const before = last.seq;
    for (const value of page.entries) {
      const parsed = linkSchema.safeParse(value);
      if (!parsed.success) {
        tell({ kind: 'unreadable', seq: last.seq + 1, message: 'is no entry of an audit' });
        continue;
      }
      const entry = value;
      count++;
      for (const problem of problemsOfLink(entry, last)) tell({ ...problem, seq: entry.seq });
      for (const head of heads)
        if (head.seq === entry.seq && head.hash !== entry.hash)
          tell({ kind: 'truncated', seq: entry.seq, message: 'is not the entry that is known to be there' });
      pruned = prunedBy(entry) ?? pruned;
      last = entry;
    }
    // An answer that does not move on would be asked for without end.
    if (last.seq <= before) break;
  }
  for (const { seq } of heads)
    if (seq > last.seq) tell({ kind: 'truncated', seq, message: `is gone: the audit ends with entry ${last.seq}` });
  if (anchor.seq > 0 && (pruned?.through !== anchor.seq || pruned.hash !== anchor.hash))
    tell({
      kind: 'truncated',
      seq: anchor.seq,
      message: 'and those before it are gone, and no entry says that retention took them',
    });
  return { entries: count, first: anchor.seq + 1, last: { seq: last.seq, hash: last.hash }, problems };
}

function prunedBy({ event, details }: AuditEntry): { readonly through: number; readonly hash: string } | undefined {
  if (event !== 'audit.prune') return undefined;
  const parsed = z.object({ through: z.int(), hash: z.string() }).safeParse(details);
  return parsed.success ? parsed.data : undefined;
}
