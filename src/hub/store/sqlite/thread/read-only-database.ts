import { constants, DatabaseSync } from 'node:sqlite';
import { DatabaseError } from './errors.ts';
import { defineFunctions } from './functions.ts';
import type { OpenReply, QueryReply, Request, SqlValue } from './messages.ts';
import { PreparedStatements } from './prepared-statements.ts';
import { TimeLimit } from './time-limit.ts';
import { readSqliteVersion, requireSqlite } from './version.ts';

type OpenRequest = Extract<Request, { readonly kind: 'open' }>;

/**
 * The registry's file as a reader sees it: always as of the last commit. Three locks keep a query from more than devices: the file is
 * opened for reading, the connection refuses writes, and SQLite asks here about every table a statement names.
 */
class ReadOnlyDatabase {
  readonly #connection: DatabaseSync;
  readonly #statements: PreparedStatements;
  readonly #limit: TimeLimit;

  constructor({ file, busyTimeout, stop }: OpenRequest, monotonic: () => number) {
    this.#limit = new TimeLimit(monotonic, stop);
    this.#connection = new DatabaseSync(file, { readOnly: true, timeout: Math.trunc(busyTimeout) });
    try {
      // A scan reads each page once, so a large cache would only be memory; what is sorted or grouped goes to disk beyond it.
      this.#connection.exec(`
        PRAGMA query_only = ON;
        PRAGMA trusted_schema = OFF;
        PRAGMA temp_store = FILE;
        PRAGMA cache_size = -4096;
      `);
      defineFunctions(this.#connection, this.#limit);
      // Newer than the oldest Node that the hub runs on.
      if ('setAuthorizer' in this.#connection) this.#connection.setAuthorizer(allowReading);
      this.#statements = new PreparedStatements(this.#connection);
    } catch (error) {
      this.#connection.close();
      throw error;
    }
  }

  query(sql: string, values: readonly SqlValue[], limitMs: number | undefined): QueryReply {
    const { statement, columns } = this.#statements.get(sql);
    const rows = this.#limit.within(limitMs, () => statement.all(...values));
    return { columns, rows: rows as unknown as SqlValue[][], changes: 0 };
  }

  close(): void {
    this.#statements.clear();
    this.#connection.close();
  }
}

/** What queries look into; keys of policies, documents and the audit are not among it. */
const readableTables: ReadonlySet<string | null> = new Set([
  'identities',
  'twins',
  'property_values',
  'property_paths',
  'json_each',
]);

function allowReading(action: number, table: string | null): number {
  if (action === constants.SQLITE_SELECT || action === constants.SQLITE_FUNCTION) return constants.SQLITE_OK;
  return action === constants.SQLITE_READ && readableTables.has(table) ? constants.SQLITE_OK : constants.SQLITE_DENY;
}

/** Answers the requests of a reader, one after another. */
export function createReadHandler(monotonic: () => number): (request: Request) => OpenReply | QueryReply | undefined {
  let database: ReadOnlyDatabase | undefined;
  return (request) => {
    switch (request.kind) {
      case 'open': {
        const sqliteVersion = readSqliteVersion();
        requireSqlite(sqliteVersion);
        database = new ReadOnlyDatabase(request, monotonic);
        return { sqliteVersion };
      }
      case 'query':
        if (database === undefined) throw new DatabaseError('Closed', 'the database is not open');
        return database.query(request.sql, request.values, request.limitMs);
      case 'close':
        database?.close();
        database = undefined;
        return undefined;
      case 'commit':
      case 'prune-audit':
      case 'probe':
        throw new DatabaseError('ReadOnly', 'this thread only reads');
    }
  };
}
