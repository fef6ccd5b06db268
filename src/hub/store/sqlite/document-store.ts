import type { JsonObject } from '../../../std/json.ts';
import type { DocumentChange, DocumentStore, StoredDocument, WriteAuditor } from '../../core/ports.ts';
import type { GroupCommit } from './group-commit.ts';
import { bindChange, type Change } from './recipes.ts';
import { readStatements } from './statements.ts';
import type { Template } from './template.ts';
import type { DatabaseClient } from './thread/client.ts';
import type { SqlValue } from './thread/messages.ts';

/** The highest code point sorts after everything an id may begin with. */
const afterEverything = '\u{10FFFF}';

/** Documents beside the registry, in the same file and the same commits. */
export class SqliteDocumentStore implements DocumentStore {
  readonly #client: DatabaseClient;
  readonly #commits: GroupCommit;

  readonly #auditor: WriteAuditor | undefined;

  constructor(client: DatabaseClient, commits: GroupCommit, auditor: WriteAuditor | undefined) {
    this.#client = client;
    this.#commits = commits;
    this.#auditor = auditor;
  }

  async get(collection: string, id: string): Promise<JsonObject | undefined> {
    const [row] = await this.#rows(readStatements.readDocument, { collection, id });
    return row === undefined ? undefined : parse(row[0]);
  }

  async list(
    collection: string,
    { limit, after = '', prefix = '' }: Parameters<DocumentStore['list']>[1],
  ): Promise<readonly StoredDocument[]> {
    const end = `${prefix}${afterEverything}`;
    const rows = await this.#rows(readStatements.listDocuments, { collection, after, start: prefix, end, limit });
    return rows.map(([id, value]) => ({ id: String(id), value: parse(value) }));
  }

  async count(collection: string): Promise<number> {
    const [row] = await this.#rows(readStatements.countDocuments, { collection });
    return Number(row?.[0] ?? 0);
  }

  async write(changes: readonly DocumentChange[]): Promise<void> {
    if (changes.length === 0) return;
    const note = this.#auditor?.documents(changes);
    await this.#commits.submit(
      changes.map((change) => toChange(change)),
      note,
    );
  }

  async #rows(
    template: Template,
    values: Readonly<Record<string, SqlValue>>,
  ): Promise<readonly (readonly SqlValue[])[]> {
    return (await this.#client.query(template.sql, template.bind(values))).rows;
  }
}

function toChange(change: DocumentChange): Change {
  const { collection, id } = change;
  return change.kind === 'put'
    ? bindChange('putDocument', { collection, id, value: JSON.stringify(change.value) })
    : bindChange('deleteDocument', { collection, id });
}

function parse(value: SqlValue | undefined): JsonObject {
  return JSON.parse(String(value)) as JsonObject;
}
