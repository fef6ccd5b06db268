import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { isDiskFault, settleFile } from '../../mend.ts';
import { AuditTrail, notesOf, type AuditRetention } from './audit-trail.ts';
import { DatabaseError, isFatal, toThreadError } from './errors.ts';
import { defineFunctions } from './functions.ts';
import { recipes, type Change, type RecipeName } from '../recipes.ts';
import type { Template } from '../template.ts';
import type { ChangeResult, Job, JobNote, JobResult, OpenReply, QueryReply, Request, SqlValue } from './messages.ts';
import { PreparedStatements } from './prepared-statements.ts';
import { TimeLimit } from './time-limit.ts';
import { readSqliteVersion, requireSqlite } from './version.ts';

/** Marks a file as ours, in its header: `iotc`. */
const applicationId = 0x696f7463;

/** A statement of a recipe and how many of a change's values are its own. */
interface Step {
  readonly statement: StatementSync;
  readonly places: number;
}

interface PreparedRecipe {
  readonly first: Step;
  readonly after: Step | undefined;
  readonly otherwise: Step | undefined;
}

/** One open SQLite file, as the database thread uses it. */
class Database {
  readonly sqliteVersion: string;
  readonly #connection: DatabaseSync;
  readonly #statements: PreparedStatements;
  readonly #limit: TimeLimit;
  readonly #recipes = new Map<RecipeName, PreparedRecipe>();
  readonly #audit: AuditTrail;

  /** Throws DatabaseError `TooOld` before the file is touched, `ForeignFile` or `DamagedFile` before it is changed. */
  constructor(
    options: { readonly file: string; readonly busyTimeout: number; readonly maxBytes?: number | undefined },
    monotonic: () => number,
  ) {
    this.#limit = new TimeLimit(monotonic);
    this.sqliteVersion = readSqliteVersion();
    requireSqlite(this.sqliteVersion);
    this.#connection = new DatabaseSync(options.file, { enableForeignKeyConstraints: true });
    this.#statements = new PreparedStatements(this.#connection);
    try {
      this.#connection.exec(`PRAGMA busy_timeout = ${Math.trunc(options.busyTimeout)}`);
      this.#claimFile();
      this.#configure(options.maxBytes);
      defineFunctions(this.#connection, this.#limit);
      this.#audit = new AuditTrail(this.#connection);
    } catch (error) {
      this.#connection.close();
      throw error;
    }
  }

  get open(): OpenReply {
    return { sqliteVersion: this.sqliteVersion };
  }

  query(sql: string, values: readonly SqlValue[], limitMs?: number): QueryReply {
    const { statement, columns } = this.#statements.get(sql);
    if (columns.length === 0) return { columns, rows: [], changes: Number(statement.run(...values).changes) };
    const rows = this.#limit.within(limitMs, () => statement.all(...values));
    return { columns, rows: rows as unknown as SqlValue[][], changes: 0 };
  }

  /**
   * Runs all jobs in one transaction. A job that fails is undone alone, unless the failure is the file's; then nothing is applied.
   * What the audit is told is in it: either all of it is there or nothing.
   */
  commit(jobs: readonly Job[], notes?: readonly (JobNote | undefined)[]): JobResult[] {
    return this.#transaction(() => {
      const results = jobs.map((job) => this.#runJob(job));
      if (notes !== undefined) this.#audit.append(notesOf(notes, results));
      return results;
    });
  }

  pruneAudit(retention: AuditRetention): number {
    return this.#transaction(() => this.#audit.prune(retention));
  }

  #transaction<Result>(work: () => Result): Result {
    this.#connection.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#connection.exec('COMMIT');
      return result;
    } catch (error) {
      // Some failures roll back by themselves.
      if (this.#connection.isTransaction) this.#connection.exec('ROLLBACK');
      throw error;
    }
  }

  /** See {@link settleFile}. */
  settle(): void {
    settleFile(this.#connection);
  }

  close(): void {
    this.#statements.clear();
    this.#recipes.clear();
    this.#connection.close();
  }

  #runJob(job: Job): JobResult {
    this.#connection.exec('SAVEPOINT job');
    try {
      const results = job.map((change) => runChange(this.#recipe(change[0]), change));
      this.#connection.exec('RELEASE job');
      return { results };
    } catch (error) {
      const threadError = toThreadError(error);
      if (isFatal(threadError) || !this.#connection.isTransaction) throw error;
      this.#connection.exec('ROLLBACK TO job');
      this.#connection.exec('RELEASE job');
      return { error: threadError };
    }
  }

  #claimFile(): void {
    const tables = Number(this.query('SELECT count(*) FROM sqlite_schema', []).rows[0]?.[0]);
    const owner = Number(this.query('PRAGMA application_id', []).rows[0]?.[0]);
    if (owner === applicationId) return;
    if (tables > 0 || owner !== 0) throw new DatabaseError('ForeignFile', 'it is a SQLite file of another program');
    this.#connection.exec(`PRAGMA application_id = ${applicationId}`);
  }

  #configure(maxBytes: number | undefined): void {
    this.#connection.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA trusted_schema = OFF;
      PRAGMA temp_store = MEMORY;
      PRAGMA cache_size = -8192;
      PRAGMA journal_size_limit = 67108864;
    `);
    if (maxBytes === undefined) return;
    const pageSize = Number(this.query('PRAGMA page_size', []).rows[0]?.[0]);
    this.#connection.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maxBytes / pageSize))}`);
  }

  #recipe(name: RecipeName): PreparedRecipe {
    const known = this.#recipes.get(name);
    if (known !== undefined) return known;
    const { first, after, otherwise } = recipes[name];
    const prepared = {
      first: this.#step(first),
      after: after && this.#step(after),
      otherwise: otherwise && this.#step(otherwise),
    };
    this.#recipes.set(name, prepared);
    return prepared;
  }

  #step({ sql, places }: Template): Step {
    return { statement: this.#connection.prepare(sql), places };
  }
}

function runChange({ first, after, otherwise }: PreparedRecipe, change: Change): ChangeResult {
  const end = 1 + first.places;
  if (Number(first.statement.run(...valuesOf(change, 1, end)).changes) > 0) {
    after?.statement.run(...valuesOf(change, end, end + after.places));
    return 'changed';
  }
  if (otherwise === undefined) return 'unchanged';
  const row = otherwise.statement.get(...valuesOf(change, change.length - otherwise.places, change.length));
  return row === undefined ? 'unchanged' : 'found';
}

/** Behind its first place, which names the recipe, a change is values alone. */
function valuesOf(change: Change, begin: number, end: number): readonly SqlValue[] {
  return change.slice(begin, end);
}

type OpenRequest = Extract<Request, { kind: 'open' }>;

/** Answers requests, one after another, over one file. After a fault of the disk it takes no write before the file is opened anew. */
export function createRequestHandler(monotonic: () => number): (request: Request) => unknown {
  let options: OpenRequest | undefined;
  let database: Database | undefined;
  let doubtful = false;
  const opened = (): Database => {
    // Closed by an attempt to open it anew that failed.
    if (database === undefined && options !== undefined) database = new Database(options, monotonic);
    if (database === undefined) throw new DatabaseError('Closed', 'the database is not open');
    return database;
  };
  const mend = (): void => {
    opened().settle();
    opened().close();
    database = undefined;
    opened();
    doubtful = false;
  };
  const write = <Result>(work: (found: Database) => Result): Result => {
    if (doubtful) mend();
    try {
      return work(opened());
    } catch (error) {
      doubtful ||= isDiskFault(error);
      throw error;
    }
  };
  return (request) => {
    switch (request.kind) {
      case 'open':
        database = new Database(request, monotonic);
        options = request;
        return database.open;
      case 'query':
        return opened().query(request.sql, request.values, request.limitMs);
      case 'commit':
        return write((found) => found.commit(request.jobs, request.notes));
      case 'prune-audit':
        return write((found) => found.pruneAudit(request));
      case 'probe':
        return write((found) => found.settle());
      case 'close':
        options = undefined;
        database?.close();
        database = undefined;
        return undefined;
    }
  };
}
