import { Kysely, type Compilable } from 'kysely';
import type { Query } from '../../../protocol/query/index.ts';
import type { JsonValue } from '../../../std/json.ts';
import type {
  Activity,
  ChangeOutcome,
  DeviceRecord,
  QueryPage,
  RegistryChange,
  RegistryCounts,
  RegistryStore,
} from '../../core/ports.ts';
import { StatementIndex, toChange, toOutcome, toTouch } from './changes.ts';
import { runQuery, type QueryRun } from './run-query.ts';
import { createThreadDialect } from './dialect.ts';
import { GroupCommit } from './group-commit.ts';
import { migrate } from './migrate.ts';
import { migrations } from './migrations/index.ts';
import { toRecord } from './rows.ts';
import type { RegistrySchema } from './schema.ts';
import { buildStatements, type Statements } from './statements.ts';
import type { Template } from './template.ts';
import type { DatabaseClient } from './thread/client.ts';
import type { Change, SqlValue } from './thread/messages.ts';

/** The registry over an open database thread. Reads see every write whose promise has resolved. */
export class SqliteRegistryStore implements RegistryStore {
  readonly #client: DatabaseClient;
  readonly #database: Kysely<RegistrySchema>;
  readonly #statements: Statements;
  readonly #index = new StatementIndex();
  readonly #commits: GroupCommit;
  #closing: Promise<void> | undefined;

  private constructor(client: DatabaseClient, database: Kysely<RegistrySchema>, onCommit: (jobs: number) => void) {
    this.#client = client;
    this.#database = database;
    this.#statements = buildStatements(database);
    this.#commits = new GroupCommit(async (jobs) => {
      const results = await client.commit(this.#index.statements, jobs);
      onCommit(jobs.length);
      return results;
    });
  }

  /** Brings the schema up to date and answers the store. */
  static async create(client: DatabaseClient, onCommit: (jobs: number) => void): Promise<SqliteRegistryStore> {
    const database = new Kysely<RegistrySchema>({ dialect: createThreadDialect(client) });
    await migrate(database as unknown as Kysely<never>, migrations);
    return new SqliteRegistryStore(client, database, onCommit);
  }

  async read(deviceId: string): Promise<DeviceRecord | undefined> {
    const [row] = await this.#rows(this.#statements.read, { device_id: deviceId });
    return row === undefined ? undefined : toRecord(row);
  }

  async readMany(deviceIds: readonly string[]): Promise<ReadonlyMap<string, DeviceRecord>> {
    const rows = await this.#rows(this.#statements.readMany, { ids: JSON.stringify(deviceIds) });
    return new Map(rows.map((row) => toRecord(row)).map((record) => [record.deviceId, record]));
  }

  async list(top: number): Promise<readonly DeviceRecord[]> {
    const rows = await this.#rows(this.#statements.list, { top });
    return rows.map((row) => toRecord(row));
  }

  async write(changes: readonly RegistryChange[]): Promise<readonly ChangeOutcome[]> {
    const results = await this.#apply(changes.map((change) => toChange(change, this.#statements, this.#index)));
    return changes.map((change, position) => toOutcome(change, results[position] ?? 'unchanged'));
  }

  async touch(activities: readonly Activity[]): Promise<void> {
    await this.#apply(activities.map((activity) => toTouch(activity, this.#statements, this.#index)));
  }

  async disconnectAll(now: number): Promise<void> {
    await this.#applyOne(this.#statements.disconnectAll, { time: now });
  }

  async query(query: Query, page: QueryRun['page']): Promise<QueryPage> {
    return runQuery({ database: this.#database, run: (statement) => this.#run(statement), query, page });
  }

  async counts(): Promise<RegistryCounts> {
    const [row] = await this.#rows(this.#statements.counts, {});
    const [total, enabled, connected] = row ?? [];
    return { total: Number(total ?? 0), enabled: Number(enabled ?? 0), connected: Number(connected ?? 0) };
  }

  async readSetting(name: string): Promise<JsonValue | undefined> {
    return this.#json(this.#statements.readSetting, { name });
  }

  async writeSetting(name: string, value: JsonValue): Promise<void> {
    await this.#applyOne(this.#statements.writeSetting, { name, value: JSON.stringify(value) });
  }

  async readSession(deviceId: string): Promise<readonly string[] | undefined> {
    const filters = await this.#json(this.#statements.readSession, { device_id: deviceId });
    return Array.isArray(filters) ? filters.map(String) : undefined;
  }

  async writeSession(deviceId: string, filters: readonly string[] | undefined): Promise<void> {
    if (filters === undefined) await this.#applyOne(this.#statements.deleteSession, { device_id: deviceId });
    else await this.#applyOne(this.#statements.writeSession, { device_id: deviceId, filters: JSON.stringify(filters) });
  }

  /** Takes no new work, finishes what was begun, closes the file. */
  close(): Promise<void> {
    this.#closing ??= this.#commits.idle().then(() => this.#client.close());
    return this.#closing;
  }

  #apply(job: readonly Change[]): ReturnType<GroupCommit['submit']> {
    return job.length === 0 ? Promise.resolve([]) : this.#commits.submit(job);
  }

  async #applyOne(template: Template, values: Readonly<Record<string, SqlValue>>): Promise<void> {
    await this.#apply([{ first: this.#index.bind(template, values) }]);
  }

  async #run(statement: Compilable): Promise<readonly (readonly SqlValue[])[]> {
    const { sql, parameters } = statement.compile();
    return (await this.#client.query(sql, parameters as readonly SqlValue[])).rows;
  }

  async #rows(
    template: Template,
    values: Readonly<Record<string, SqlValue>>,
  ): Promise<readonly (readonly SqlValue[])[]> {
    return (await this.#client.query(template.sql, template.bind(values))).rows;
  }

  async #json(template: Template, values: Readonly<Record<string, SqlValue>>): Promise<JsonValue | undefined> {
    const text = (await this.#rows(template, values))[0]?.[0];
    return typeof text === 'string' ? (JSON.parse(text) as JsonValue) : undefined;
  }
}
