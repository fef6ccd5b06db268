import { HubError } from '../../../protocol/hub-errors.ts';
import type { Readers, Work } from './readers.ts';
import type { DatabaseClient } from './thread/client.ts';
import { DatabaseError } from './thread/errors.ts';
import type { QueryReply, SqlValue } from './thread/messages.ts';
import { overdueCode } from './thread/time-limit.ts';

/** Runs a statement that only reads, on the thread where it disturbs nobody. */
export type RunRead = (sql: string, values: readonly SqlValue[], work: Work) => Promise<QueryReply>;

export interface RunReadParts {
  /** The thread that writes. */
  readonly owner: Pick<DatabaseClient, 'query'>;
  /** None for a registry in memory, which has one connection. */
  readonly readers: Readers | undefined;
  /** Commits, and the reads of connecting devices, wait no longer than this for a statement. */
  readonly ownerLimitMs: number;
  /** How long a statement may run. */
  readonly limitMs: number;
}

/**
 * Runs a statement on the thread that writes for as long as it is quick, and from the first that is not on threads that only read: a
 * hub with few devices needs no further thread, and one with many never lets a write wait for a query. Throws HubError InvalidOperation
 * when a statement takes longer than it may.
 */
export function createRunRead({ owner, readers, ownerLimitMs, limitMs }: RunReadParts): RunRead {
  async function run(...[sql, values, work]: Parameters<RunRead>): Promise<QueryReply> {
    if (readers === undefined) return owner.query(sql, values, limitMs);
    if (!readers.active && ownerLimitMs > 0) {
      try {
        return await owner.query(sql, values, ownerLimitMs);
      } catch (error) {
        if (!isOverdue(error)) throw error;
      }
    }
    return readers.query(sql, values, work);
  }

  return async (...statement) => {
    try {
      return await run(...statement);
    } catch (error) {
      if (isOverdue(error)) throw tooSlow(limitMs);
      throw error;
    }
  };
}

function isOverdue(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === overdueCode;
}

/** Not one of the errors that clients try again: the next time would take as long. */
function tooSlow(limitMs: number): HubError {
  return new HubError(
    'InvalidOperation',
    `The query took longer than ${limitMs / 1_000} s. Compare a tag or a property with a value (tags.site = 'x'): the hub indexes what is compared.`,
  );
}
