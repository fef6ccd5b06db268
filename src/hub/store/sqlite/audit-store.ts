import type { AuditEnds, AuditEntry, AuditNote } from '../../../protocol/audit.ts';
import type { AuditStore } from '../../core/ports.ts';
import type { GroupCommit } from './group-commit.ts';
import type { DatabaseClient } from './thread/client.ts';
import type { AuditRetention } from './thread/audit-trail.ts';

/** A page ends behind the entry that takes it beyond this, so that many large ones are never in memory at once. */
const pageBytes = 4 * 1024 * 1024;

/** The audit, in the registry's file and its commits: what is noted of a write is there when the write is, and only then. */
export class SqliteAuditStore implements AuditStore {
  readonly #client: DatabaseClient;
  readonly #commits: GroupCommit;

  constructor(client: DatabaseClient, commits: GroupCommit) {
    this.#client = client;
    this.#commits = commits;
  }

  async append(notes: readonly AuditNote[]): Promise<void> {
    await Promise.all(notes.map((note) => this.#commits.submit([], { note })));
  }

  async read({ after, limit }: { readonly after: number; readonly limit: number }): Promise<readonly AuditEntry[]> {
    const { rows } = await this.#client.query(
      `SELECT entry, hash FROM
         (SELECT seq, entry, hash, sum(length(entry)) OVER (ORDER BY seq) - length(entry) AS before FROM
           (SELECT seq, entry, hash FROM audit WHERE seq > ? ORDER BY seq LIMIT ?))
       WHERE before < ? ORDER BY seq`,
      [after, limit, pageBytes],
    );
    return rows.map(([entry, hash]) => ({
      ...(JSON.parse(String(entry)) as Omit<AuditEntry, 'hash'>),
      hash: String(hash),
    }));
  }

  async ends(): Promise<AuditEnds> {
    const { rows } = await this.#client.query(
      'SELECT anchor_seq, anchor_hash, head_seq, head_hash FROM audit_ends',
      [],
    );
    const [anchorSeq, anchorHash, headSeq, headHash] = rows[0] ?? [];
    return {
      anchor: { seq: Number(anchorSeq), hash: String(anchorHash) },
      head: { seq: Number(headSeq), hash: String(headHash) },
    };
  }

  prune(retention: AuditRetention): Promise<number> {
    return this.#client.pruneAudit(retention);
  }
}
