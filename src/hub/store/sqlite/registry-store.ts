import { identityNames, identityPath, type IdentityPath } from '../../../protocol/identity-path.ts';
import type { JsonValue } from '../../../std/json.ts';
import type {
  Activity,
  AuditStore,
  ChangeOutcome,
  DeviceRecord,
  DocumentStore,
  IdentityCredentials,
  QueryPage,
  RegistryChange,
  RegistryCounts,
  RegistryStore,
  StoredFilter,
  WriteAuditor,
  WriteNote,
} from '../../core/ports.ts';
import { SqliteAuditStore } from './audit-store.ts';
import type { PartHealth } from '../health.ts';
import { toChange, toOutcome, toTouch } from './changes.ts';
import { checksumOf, requireIntact } from './checksums.ts';
import { SqliteDocumentStore } from './document-store.ts';
import { GroupCommit } from './group-commit.ts';
import { migrate } from './migrate.ts';
import { migrations } from './migrations/index.ts';
import type { QueryRunner } from './query-runner.ts';
import { bindChange, type Change, type RecipeName } from './recipes.ts';
import type { Readers } from './readers.ts';
import { nameValues, toCredentials, toRecord } from './rows.ts';
import { createRunRead, type RunRead } from './run-read.ts';
import { readFilters } from './stored-filters.ts';
import { readStatements } from './statements.ts';
import type { Template } from './template.ts';
import type { DatabaseClient } from './thread/client.ts';
import type { SqlValue } from './thread/messages.ts';

type Values = Readonly<Record<string, SqlValue>>;

interface StoreOptions {
  readonly onCommit: (jobs: number) => void;
  readonly indexFrom: number;
  readonly queryLimitMs: number;
  readonly ownerLimitMs: number;
  /** Threads for queries that take long; none for a registry in memory. */
  readonly readers: Readers | undefined;
  readonly auditor?: WriteAuditor | undefined;
  readonly health?: PartHealth | undefined;
}

/** The registry over an open database thread. Reads see every write whose promise has resolved. */
export class SqliteRegistryStore implements RegistryStore {
  readonly #client: DatabaseClient;
  readonly #commits: GroupCommit;
  readonly #indexFrom: number;
  readonly #readers: Readers | undefined;
  readonly #runRead: RunRead;
  readonly #auditor: WriteAuditor | undefined;
  readonly documents: DocumentStore;
  readonly audit: AuditStore;
  #runQuery: Promise<QueryRunner> | undefined;
  #closing: Promise<void> | undefined;
  #writes = 0;

  private constructor(
    client: DatabaseClient,
    { onCommit, indexFrom, queryLimitMs: limitMs, ownerLimitMs, readers, auditor, health }: StoreOptions,
  ) {
    this.#client = client;
    this.#indexFrom = indexFrom;
    this.#readers = readers;
    this.#runRead = createRunRead({ owner: client, readers, ownerLimitMs, limitMs });
    this.#auditor = auditor;
    this.#commits = new GroupCommit(async (jobs, notes) => {
      const results = await client.commit(jobs, notes).catch((error: unknown) => {
        health?.note(error);
        throw error;
      });
      health?.note();
      onCommit(jobs.length);
      return results;
    });
    this.documents = new SqliteDocumentStore(client, this.#commits, auditor);
    this.audit = new SqliteAuditStore(client, this.#commits);
  }

  /** Brings the schema up to date and answers the store. */
  static async create(client: DatabaseClient, options: StoreOptions): Promise<SqliteRegistryStore> {
    await migrate(client, migrations);
    return new SqliteRegistryStore(client, options);
  }

  get writes(): number {
    return this.#writes;
  }

  async readCredentials(identity: IdentityPath): Promise<IdentityCredentials | undefined> {
    const [row] = await this.#rows(readStatements.readCredentials, nameValues(identity));
    return row === undefined ? undefined : toCredentials(row);
  }

  async read(identity: IdentityPath): Promise<DeviceRecord | undefined> {
    const [row] = await this.#rows(readStatements.read, nameValues(identity));
    return row === undefined ? undefined : toRecord(row);
  }

  async readMany(identities: readonly IdentityPath[]): Promise<ReadonlyMap<IdentityPath, DeviceRecord>> {
    const names = identities.map((identity) => {
      const { deviceId, moduleId } = identityNames(identity);
      return [deviceId, moduleId];
    });
    const rows = await this.#rows(readStatements.readMany, { names: JSON.stringify(names) });
    const records = rows.map((row) => toRecord(row));
    return new Map(records.map((record) => [identityPath(record.deviceId, record.moduleId), record]));
  }

  async list(top: number): Promise<readonly DeviceRecord[]> {
    const rows = await this.#rows(readStatements.list, { top });
    return rows.map((row) => toRecord(row));
  }

  async listModules(deviceId: string): Promise<readonly DeviceRecord[]> {
    const rows = await this.#rows(readStatements.listModules, { device_id: deviceId });
    return rows.map((row) => toRecord(row));
  }

  async write(changes: readonly RegistryChange[]): Promise<readonly ChangeOutcome[]> {
    const note = this.#auditor?.registry(changes);
    const results = await this.#apply(
      changes.map((change) => toChange(change)),
      note,
    ).finally(() => this.#writes++);
    return changes.map((change, position) => toOutcome(change, results[position] ?? 'unchanged'));
  }

  async touch(activities: readonly Activity[]): Promise<void> {
    await this.#apply(activities.map((activity) => toTouch(activity)));
  }

  async disconnectAll(now: number): Promise<void> {
    await this.#applyOne('disconnectAll', { time: now });
  }

  async query(...request: Parameters<QueryRunner>): Promise<QueryPage> {
    // The query builder takes some 12 MB, which a hub that is asked nothing does without.
    this.#runQuery ??= this.#openQueries();
    return (await this.#runQuery)(...request);
  }

  async #openQueries(): Promise<QueryRunner> {
    const [{ createQueryRunner }, { createPropertyIndex }] = await Promise.all([
      import('./query-runner.ts'),
      import('./property-index.ts'),
    ]);
    const [client, read, from] = [this.#client, this.#runRead, this.#indexFrom];
    const submit = async (job: readonly Change[]): Promise<unknown> => this.#apply(job);
    return createQueryRunner({ client, read, properties: createPropertyIndex({ client, read, submit, from }) });
  }

  async counts(): Promise<RegistryCounts> {
    const { rows } = await this.#runRead(readStatements.counts.sql, [], 'search');
    const [total = 0, disabled = 0, connected = 0] = (rows[0] ?? []).map(Number);
    return { total, enabled: total - disabled, connected };
  }

  async readSetting(name: string): Promise<JsonValue | undefined> {
    const [row] = await this.#rows(readStatements.readSetting, { name });
    if (row === undefined) return undefined;
    const [value = null, checksum] = row;
    requireIntact(checksum, [name, value], `the setting ${name}`);
    return JSON.parse(String(value)) as JsonValue;
  }

  async writeSetting(name: string, value: JsonValue): Promise<void> {
    const text = JSON.stringify(value);
    await this.#applyOne('writeSetting', { name, value: text, checksum: checksumOf([name, text]) });
  }

  async readSession(identity: IdentityPath): Promise<readonly StoredFilter[] | undefined> {
    const filters = await this.#json(readStatements.readSession, nameValues(identity));
    return filters === undefined ? undefined : readFilters(filters);
  }

  async writeSession(identity: IdentityPath, filters: readonly StoredFilter[] | undefined): Promise<void> {
    if (filters === undefined) await this.#applyOne('deleteSession', nameValues(identity));
    else await this.#applyOne('writeSession', { ...nameValues(identity), filters: JSON.stringify(filters) });
  }

  /** Takes no new work, finishes what was begun, closes the file. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // First, so that the thread that writes has the file for itself and can put its journal away.
    await this.#readers?.close();
    await this.#commits.idle();
    await this.#client.close();
  }

  #apply(job: readonly Change[], note?: WriteNote): ReturnType<GroupCommit['submit']> {
    return job.length === 0 ? Promise.resolve([]) : this.#commits.submit(job, note);
  }

  async #applyOne(recipe: RecipeName, values: Values): Promise<void> {
    await this.#apply([bindChange(recipe, values)]);
  }

  async #rows(template: Template, values: Values): Promise<readonly (readonly SqlValue[])[]> {
    return (await this.#client.query(template.sql, template.bind(values, []))).rows;
  }

  async #json(template: Template, values: Values): Promise<JsonValue | undefined> {
    const text = (await this.#rows(template, values))[0]?.[0];
    return typeof text === 'string' ? (JSON.parse(text) as JsonValue) : undefined;
  }
}
