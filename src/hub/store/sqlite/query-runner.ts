import { Kysely, type Compilable } from 'kysely';
import type { Query } from '../../../protocol/query/index.ts';
import type { QueryPage } from '../../core/ports.ts';
import { createThreadDialect } from './dialect.ts';
import type { PropertyIndex } from './property-index.ts';
import type { Work } from './readers.ts';
import { runQuery, type QueryRun } from './run-query.ts';
import type { RunRead } from './run-read.ts';
import type { RegistrySchema } from './schema.ts';
import type { DatabaseClient } from './thread/client.ts';
import type { SqlValue } from './thread/messages.ts';

export type QueryRunner = (query: Query, page: QueryRun['page']) => Promise<QueryPage>;

export interface QueryRunnerParts {
  readonly client: DatabaseClient;
  readonly read: RunRead;
  readonly properties: PropertyIndex;
}

/** Runs queries of the query language. */
export function createQueryRunner({ client, read, properties }: QueryRunnerParts): QueryRunner {
  // It builds the statements; `read` runs them.
  const database = new Kysely<RegistrySchema>({ dialect: createThreadDialect(client) });
  const run = async (statement: Compilable, work: Work): Promise<readonly (readonly SqlValue[])[]> => {
    const { sql, parameters } = statement.compile();
    return (await read(sql, parameters as readonly SqlValue[], work)).rows;
  };
  return async (query, page) => runQuery({ database, run, query, page, indexed: await properties.find(query) });
}
