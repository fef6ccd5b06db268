import {
  CompiledQuery,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
} from 'kysely';
import type { DatabaseClient } from './thread/client.ts';
import type { SqlValue } from './thread/messages.ts';

/** Kysely over the database thread: it builds the SQL here, the thread runs it. */
export function createThreadDialect(client: DatabaseClient): Dialect {
  return {
    createDriver: () => new ThreadDriver(client),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new TransactionalSqliteAdapter(),
    createIntrospector: (database) => new SqliteIntrospector(database),
  };
}

/** SQLite's schema changes roll back like any other; Kysely's adapter says otherwise, and would then migrate outside a transaction. */
class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** One connection, because there is one thread. Transactions through it are for migrations, which run alone. */
class ThreadDriver implements Driver {
  readonly #connection: ThreadConnection;

  constructor(client: DatabaseClient) {
    this.#connection = new ThreadConnection(client);
  }

  init(): Promise<void> {
    return Promise.resolve();
  }

  acquireConnection(): Promise<DatabaseConnection> {
    return Promise.resolve(this.#connection);
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('BEGIN IMMEDIATE'));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('COMMIT'));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('ROLLBACK'));
  }

  releaseConnection(): Promise<void> {
    return Promise.resolve();
  }

  /** The client is closed by its owner. */
  destroy(): Promise<void> {
    return Promise.resolve();
  }
}

class ThreadConnection implements DatabaseConnection {
  readonly #client: DatabaseClient;

  constructor(client: DatabaseClient) {
    this.#client = client;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const { columns, rows, changes } = await this.#client.query(query.sql, query.parameters as readonly SqlValue[]);
    const objects = rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index]])) as Row);
    return { rows: objects, numAffectedRows: BigInt(changes) };
  }

  // oxlint-disable-next-line require-yield -- the interface wants a generator; pages are read by keyset instead
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('this database reads pages, not streams');
  }
}
