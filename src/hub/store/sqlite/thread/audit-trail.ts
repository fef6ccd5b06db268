import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { auditEvents, type AuditEntry, type AuditNote } from '../../../../protocol/audit.ts';
import { isoMillis } from '../../../../protocol/time.ts';
import { linkEntry, wellFormed, type ChainEnd } from '../../../../std/hash-chain.ts';
import type { JsonObject } from '../../../../std/json.ts';
import type { JobNote, JobResult } from './messages.ts';

/** Longer texts are cut: entries must stay small whatever a stranger sends. */
const longestText = 300;

/** Entries are joined up to so many targets; a request that names more by itself still is one. */
const mostTargets = 200;

/** What retention keeps. */
export interface AuditRetention {
  /** Entries from before this time go, Unix milliseconds. */
  readonly before: number;
  /** The oldest go until no more than this is kept. */
  readonly maxBytes: number;
  readonly now: number;
}

/** The chain's end, which moves as entries are added; `bytes` are those of all entries that are kept. */
interface Head extends ChainEnd {
  readonly bytes: number;
}

interface Statements {
  readonly ends: StatementSync;
  readonly insert: StatementSync;
  readonly move: StatementSync;
}

/**
 * Appends to the audit inside of the transaction of its caller. The end of the chain is read each time: another process may have
 * appended meanwhile, as `hub backup` does.
 */
export class AuditTrail {
  readonly #connection: DatabaseSync;
  #prepared: Statements | undefined;

  constructor(connection: DatabaseSync) {
    this.#connection = connection;
  }

  append(notes: readonly AuditNote[]): void {
    if (notes.length === 0) return;
    const { insert, move } = this.#statements();
    let head = this.#head();
    for (const note of notes) {
      const { hash, ...entry } = linkEntry(head, contentOf(note));
      const text = JSON.stringify(entry);
      insert.run(entry.seq, note.at, text, hash);
      head = { seq: entry.seq, hash, bytes: head.bytes + Buffer.byteLength(text) };
    }
    move.run(head.seq, head.hash, head.bytes);
  }

  /** Removes the oldest entries; what the first one that stays follows is kept, here and in an entry of its own. */
  prune({ before, maxBytes, now }: AuditRetention): number {
    const run = (sql: string, ...values: number[]): Readonly<Record<string, unknown>> | undefined =>
      this.#connection.prepare(sql).get(...values);
    const head = this.#head();
    const old = run('SELECT max(seq) AS seq FROM audit WHERE time < ? AND seq < ?', before, head.seq)?.['seq'];
    let last = Number(old ?? 0);
    if (head.bytes > maxBytes) {
      // A tenth more than is needed, so that this is not done again with the next entry.
      const excess = head.bytes - maxBytes * 0.9;
      const over = run(
        `SELECT seq FROM (SELECT seq, sum(octet_length(entry)) OVER (ORDER BY seq) AS through FROM audit)
          WHERE through >= ? AND seq < ? ORDER BY seq LIMIT 1`,
        excess,
        head.seq,
      )?.['seq'];
      last = Math.max(last, Number(over ?? 0));
    }
    const anchor = run('SELECT seq, hash FROM audit WHERE seq = ?', last);
    if (anchor === undefined) return 0;
    const { seq, hash } = anchor as unknown as ChainEnd;
    const gone = run('SELECT count(*) AS entries, sum(octet_length(entry)) AS bytes FROM audit WHERE seq <= ?', seq);
    this.#connection.prepare('DELETE FROM audit WHERE seq <= ?').run(seq);
    this.#connection
      .prepare('UPDATE audit_ends SET anchor_seq = ?, anchor_hash = ?, bytes = bytes - ?')
      .run(seq, hash, Number(gone?.['bytes'] ?? 0));
    const removed = Number(gone?.['entries'] ?? 0);
    const details = { removed, through: seq, hash };
    this.append([{ at: now, event: 'audit.prune', source: 'hub', result: 'done', targets: [], details }]);
    return removed;
  }

  #head(): Head {
    const row = this.#statements().ends.get();
    if (row === undefined) throw new Error('the audit has no end');
    return row as unknown as Head;
  }

  #statements(): Statements {
    this.#prepared ??= {
      ends: this.#connection.prepare('SELECT head_seq AS seq, head_hash AS hash, bytes FROM audit_ends'),
      insert: this.#connection.prepare('INSERT INTO audit (seq, time, entry, hash) VALUES (?, ?, ?, ?)'),
      move: this.#connection.prepare('UPDATE audit_ends SET head_seq = ?, head_hash = ?, bytes = ?'),
    };
    return this.#prepared;
  }
}

function contentOf({
  at,
  event,
  source,
  address,
  result,
  targets,
  details,
}: AuditNote): Omit<AuditEntry, 'seq' | 'previous' | 'hash'> {
  const [category, type] = auditEvents[event];
  return {
    at: isoMillis(at),
    source: cut(source),
    address: address === undefined ? null : cut(address),
    category,
    type,
    event,
    result,
    targets: targets.map(cut),
    details: wellFormed(details ?? {}) as JsonObject,
  };
}

function cut(text: string): string {
  return (text.length > longestText ? `${text.slice(0, longestText)}…` : text).toWellFormed();
}

/**
 * What jobs that changed something are to be noted as. Those of one commit that differ in nothing but what they were done to are one
 * entry: the busier the hub, the fewer.
 */
export function notesOf(notes: readonly (JobNote | undefined)[], results: readonly JobResult[]): readonly AuditNote[] {
  const noted: AuditNote[] = [];
  const entries = new Map<string, AuditNote & { readonly targets: string[] }>();
  for (const [index, jobNote] of notes.entries()) {
    const result = results[index];
    if (jobNote === undefined || result === undefined || 'error' in result) continue;
    const { note, changed } = jobNote;
    const targets = changed === undefined ? note.targets : changed.filter((_, at) => result.results[at] === 'changed');
    if (changed !== undefined && targets.length === 0) continue;
    const { event, source, address = '', details } = note;
    const key = JSON.stringify([event, source, address, note.result, details ?? null]);
    const named = targets.filter((target) => target !== '');
    const open = entries.get(key);
    if (open !== undefined && open.targets.length + named.length <= mostTargets) {
      open.targets.push(...named);
      continue;
    }
    const entry = { ...note, targets: named };
    entries.set(key, entry);
    noted.push(entry);
  }
  return noted;
}
