import { Kysely, type Compilable } from 'kysely';
import type { Query } from '../../../protocol/query/index.ts';
import type { QueryPage } from '../../core/ports.ts';
import { createThreadDialect } from './dialect.ts';
import { runQuery, type QueryRun } from './run-query.ts';
import type { RegistrySchema } from './schema.ts';
import type { TagIndex } from './tag-index.ts';
import type { DatabaseClient } from './thread/client.ts';
import type { SqlValue } from './thread/messages.ts';

export type QueryRunner = (query: Query, page: QueryRun['page']) => Promise<QueryPage>;

/** Runs queries of the query language on the database thread. */
export function createQueryRunner(client: DatabaseClient, tags: TagIndex): QueryRunner {
  const database = new Kysely<RegistrySchema>({ dialect: createThreadDialect(client) });
  const run = async (statement: Compilable): Promise<readonly (readonly SqlValue[])[]> => {
    const { sql, parameters } = statement.compile();
    return (await client.query(sql, parameters as readonly SqlValue[])).rows;
  };
  return async (query, page) => runQuery({ database, run, query, page, indexed: await tags.find(query) });
}
