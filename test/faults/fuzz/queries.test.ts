/** C-26: queries of strangers: what is no query is refused, what is one reads devices alone and says what the plain evaluation says. */
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, type Compilable } from 'kysely';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runQuery } from '../../../src/hub/store/sqlite/run-query.ts';
import type { RegistrySchema } from '../../../src/hub/store/sqlite/schema.ts';
import { HubError } from '../../../src/protocol/hub-errors.ts';
import { evaluate, formatQuery, parseQuery, readPath, type Query } from '../../../src/protocol/query/index.ts';
import type { JsonObject } from '../../../src/std/json.ts';
import { query as anyQuery } from '../../protocol/query/arbitraries.ts';
import { openCore, type CoreFixture } from '../../support/core-fixture.ts';
import { report } from '../support/report.ts';
import { atScale, seed } from '../support/scale.ts';
import { textCorpus } from './support/corpus.ts';
import { fuzz } from './support/fuzz.ts';
import { mutateText } from './support/mutate.ts';
import { below, pick, type Random } from './support/random.ts';

const texts = textCorpus('queries');
let hub: CoreFixture;
let twins: readonly JsonObject[];

beforeAll(async () => {
  hub = await openCore();
  for (let number = 1; number <= 40; number++) {
    const deviceId = `dev${number}`;
    await hub.core.registry.put(deviceId, { deviceId, status: number % 3 === 0 ? 'disabled' : 'enabled' }, undefined);
    const tags = {
      site: number % 2 === 0 ? 'oslo' : "o'slo",
      n: number,
      list: ['a', 'b'].slice(0, number % 3),
      'x-y': null,
    };
    await hub.core.twins.patch(
      deviceId,
      { tags, properties: { desired: { rate: number % 7, q: { t: true } } } },
      undefined,
    );
  }
  twins = (await hub.core.queries.run('SELECT * FROM devices', { limit: 1_000 })).rows;
});
afterAll(() => hub.close());

const secrets = async (): Promise<readonly string[]> => {
  const { authentication } = await hub.core.registry.get('dev1');
  const keys = [authentication.symmetricKey.primaryKey, ...hub.policies.map(({ primaryKey }) => primaryKey)];
  return keys.filter((key) => key !== null && key !== undefined);
};

/** Rows, or undefined for a text that is refused. */
async function ask(text: string): Promise<readonly JsonObject[] | undefined> {
  try {
    return (await hub.core.queries.run(text, { limit: 1_000 })).rows;
  } catch (error) {
    if (!(error instanceof HubError) || error.status >= 500) throw error;
    const said = /SQLITE_|near "|no such (?:table|column|function)|bad JSON path|unrecognized token/.exec(
      error.message,
    );
    // A refusal may name what it met, whose words are the stranger's own.
    if (said !== null && !text.includes(said[0])) throw new Error(`SQL shows: ${error.message}`, { cause: error });
    return undefined;
  }
}

/** The condition of a query that asks for whole devices, evaluated over each of them. */
function plainRows(text: string): readonly unknown[] | undefined {
  const query = parseQuery(text);
  if (query.source !== 'devices' || query.select !== 'all' || query.top !== undefined) return undefined;
  const { where } = query;
  return twins
    .filter((twin) => where === undefined || evaluate(where, (path) => readPath(twin, path)))
    .map(({ deviceId }) => deviceId);
}

it('C-26 damaged queries are answered as the plain evaluation does, or refused in words of their own', async () => {
  const kept = await secrets();
  const before = JSON.stringify(twins);
  let answered = 0;
  await fuzz({
    id: 'C-26',
    name: 'queries',
    cases: { smoke: 400, full: 200_000 },
    make: (random, number) =>
      number < texts.length ? (texts[number] ?? '') : mutateText(random, pick(random, texts), texts),
    async check(text) {
      const rows = await ask(text);
      if (rows === undefined) return;
      answered++;
      const shown = JSON.stringify(rows);
      if (kept.some((secret) => shown.includes(secret))) throw new Error('a key is shown');
      const plain = plainRows(text);
      if (plain !== undefined) expect(rows.map(({ deviceId }) => deviceId)).toEqual(plain);
    },
    show: JSON.stringify,
  });
  report('C-26', { answered });
  expect(JSON.stringify((await hub.core.queries.run('SELECT * FROM devices', { limit: 1_000 })).rows)).toBe(before);
});

const compiling = new Kysely<RegistrySchema>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (database) => new SqliteIntrospector(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});

/** The statements a query comes to. */
async function statementsOf(
  query: Query,
): Promise<readonly { readonly sql: string; readonly parameters: readonly unknown[] }[]> {
  const compiled: { sql: string; parameters: readonly unknown[] }[] = [];
  const run = (statement: Compilable): Promise<never[]> => {
    compiled.push(statement.compile());
    return Promise.resolve([]);
  };
  await runQuery({ database: compiling, run: run, query, page: { limit: 10 } });
  return compiled;
}

it('C-26 texts and names of a query are parameters of its statement, never part of it', async () => {
  const cases = atScale({ smoke: 150, full: 30_000 });
  const queries = fc.sample(anyQuery, { numRuns: cases, seed });
  const mark = 'zzmark';
  const random: Random = (() => {
    let state = seed;
    return () => (state = (state * 16_807 + 11) % 2_147_483_647) / 2_147_483_647;
  })();
  let statements = 0;
  for (const query of queries) {
    // Every text and every name of a member is a mark with something that breaks out of quotes.
    const marked = JSON.parse(JSON.stringify(query), (key, value: unknown) => {
      if (key === 'value' && typeof value === 'string') return `${mark}'"${value}`;
      if (key === 'segments' && Array.isArray(value) && value.length > 1 && below(random, 2) === 0)
        return value.map((segment: unknown, index) =>
          index > 0 &&
          typeof segment === 'string' &&
          !/^(?:desired|reported|\$version|\$metadata|\$lastUpdated)$/.test(segment)
            ? `${mark}"'${segment}`
            : segment,
        );
      return value;
    }) as Query;
    for (const { sql } of await statementsOf(marked)) {
      statements++;
      if (sql.includes(mark)) throw new Error(`${formatQuery(query)} comes to ${sql}`);
      if (
        !/^select /i.test(sql) ||
        /;|\b(?:insert|update|delete|attach|pragma|drop)\b/i.test(sql.replaceAll(/"[^"]*"|'[^']*'/g, ''))
      )
        throw new Error(`no reading: ${sql}`);
    }
  }
  report('C-26', { target: 'statements', cases, statements, withText: 0 });
});
