import type { JsonObject } from '../../../std/json.ts';
import type { DocumentChange, DocumentStore, StoredDocument, WriteAuditor } from '../../core/ports.ts';
import { checksumOf, requireIntact } from './checksums.ts';
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
    return row === undefined ? undefined : parse(collection, id, row);
  }

  async list(
    collection: string,
    { limit, after = '', prefix = '' }: Parameters<DocumentStore['list']>[1],
  ): Promise<readonly StoredDocument[]> {
    const end = `${prefix}${afterEverything}`;
    const rows = await this.#rows(readStatements.listDocuments, { collection, after, start: prefix, end, limit });
    return rows.map(([id, ...rest]) => ({ id: String(id), value: parse(collection, String(id), rest) }));
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
    return (await this.#client.query(template.sql, template.bind(values, []))).rows;
  }
}

function toChange(change: DocumentChange): Change {
  const { collection, id } = change;
  if (change.kind === 'delete') return bindChange('deleteDocument', { collection, id });
  const value = JSON.stringify(change.value);
  return bindChange('putDocument', { collection, id, value, checksum: checksumOf([collection, id, value]) });
}

function parse(collection: string, id: string, [value = null, checksum]: readonly SqlValue[]): JsonObject {
  requireIntact(checksum, [collection, id, value], `the document ${id} of ${collection}`);
  return JSON.parse(String(value)) as JsonObject;
}
