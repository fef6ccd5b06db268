import type { RecordStore } from '../../../client/records.ts';
import { problemsOfLink } from '../../../std/hash-chain.ts';
import type { AuditEntry } from '../model/record.ts';
import { emptyAudit, entriesOf } from './audit-chain.ts';
import { parseIntent, parseState, type AuditHead } from './documents.ts';
import { recordNames } from './names.ts';

export interface AuditProblem {
  readonly kind:
    /** An entry does not have the content its hash was made of. */
    | 'changed'
    /** An entry does not follow the one before: something was taken out, put in, or put elsewhere. */
    | 'broken'
    /** The end is cut off, or is not the one that the rollout's records know of. */
    | 'truncated'
    /** A record holds no entries. */
    | 'unreadable';
  /** Name of the record. */
  readonly record: string;
  readonly seq?: number;
  readonly message: string;
}

export interface AuditVerification {
  readonly entries: number;
  /** Hash of the last entry: keep it elsewhere, and nobody who can write everything at the hub can rewrite the audit unseen. */
  readonly hash: string;
  readonly problems: readonly AuditProblem[];
}

/** More than these are not worth telling. */
const mostProblems = 100;

/** All entries, in order, as they stand there. Records that hold none are left out; {@link verifyAudit} tells of them. */
export async function* readAudit(
  records: RecordStore,
  id: string,
  signal?: AbortSignal,
): AsyncGenerator<readonly AuditEntry[], void, undefined> {
  for await (const { value } of records.list(recordNames(id).audit, signal)) yield entriesOf(value) ?? [];
}

/** Looks at every entry, and at the ends that the records of the rollout know of. */
export async function verifyAudit(records: RecordStore, id: string, signal?: AbortSignal): Promise<AuditVerification> {
  const names = recordNames(id);
  // Before the entries are read: what is appended meanwhile is no problem.
  const heads = await knownHeads(records, id, signal);
  const problems: AuditProblem[] = [];
  const tell = (problem: AuditProblem): void => void (problems.length < mostProblems && problems.push(problem));
  let last: Pick<AuditEntry, 'seq' | 'hash'> = emptyAudit(id);
  let number = 0;
  let count = 0;
  for await (const { name, value } of records.list(names.audit, signal)) {
    number++;
    if (name !== names.auditRecord(number)) {
      tell({ kind: 'broken', record: name, message: `${names.auditRecord(number)} should stand here` });
      number = Number(name.slice(names.audit.length)) || number;
    }
    const entries = entriesOf(value);
    if (entries === undefined) tell({ kind: 'unreadable', record: name, message: 'holds no entries of an audit' });
    for (const entry of entries ?? []) {
      count++;
      for (const problem of problemsOfLink(entry, last)) tell({ ...problem, record: name, seq: entry.seq });
      for (const head of heads.filter(({ seq, hash }) => seq === entry.seq && hash !== entry.hash))
        tell({ kind: 'truncated', record: name, seq: head.seq, message: 'is not the entry that the rollout knows of' });
      last = entry;
    }
  }
  for (const head of heads.filter(({ seq }) => seq > last.seq))
    tell({
      kind: 'truncated',
      record: names.auditRecord(head.record),
      seq: head.seq,
      message: `ends with entry ${last.seq}, but there was entry ${head.seq}`,
    });
  return { entries: count, hash: last.hash, problems };
}

async function knownHeads(records: RecordStore, id: string, signal: AbortSignal | undefined): Promise<AuditHead[]> {
  const names = recordNames(id);
  const [intent, state] = await Promise.all([records.read(names.intent, signal), records.read(names.state, signal)]);
  const heads = [
    intent && parseIntent(intent.value, intent.name).audit,
    state && parseState(state.value, state.name).audit,
  ];
  return heads.filter((head) => head !== undefined);
}
