import { Kysely } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createThreadDialect } from '../../../../src/hub/store/sqlite/dialect.ts';
import { openRegistryStore } from '../../../../src/hub/store/sqlite/index.ts';
import { propertyConditions } from '../../../../src/hub/store/sqlite/property-condition.ts';
import type { IndexedProperty } from '../../../../src/hub/store/sqlite/property-index.ts';
import { runQuery } from '../../../../src/hub/store/sqlite/run-query.ts';
import type { RegistrySchema } from '../../../../src/hub/store/sqlite/schema.ts';
import { readStatements, writeStatements } from '../../../../src/hub/store/sqlite/statements.ts';
import { DatabaseClient } from '../../../../src/hub/store/sqlite/thread/client.ts';
import type { SqlValue } from '../../../../src/hub/store/sqlite/thread/messages.ts';
import { parseQuery } from '../../../../src/protocol/query/index.ts';

let client: DatabaseClient;
let database: Kysely<RegistrySchema>;

beforeAll(async () => {
  const { migrate } = await import('../../../../src/hub/store/sqlite/migrate.ts');
  const { migrations } = await import('../../../../src/hub/store/sqlite/migrations/index.ts');
  client = new DatabaseClient();
  await client.open({ file: ':memory:', busyTimeout: 0, maxBytes: undefined });
  await migrate(client, migrations);
  database = new Kysely<RegistrySchema>({ dialect: createThreadDialect(client) });
});

afterAll(() => client.close());

/** What SQLite would do for a query, one line a step. */
async function planOf(text: string, indexed?: IndexedProperty): Promise<string> {
  let plan = '';
  await runQuery({
    database,
    query: parseQuery(text),
    indexed,
    page: { limit: 100 },
    run: async (statement) => {
      const { sql, parameters } = statement.compile();
      const reply = await client.query(`EXPLAIN QUERY PLAN ${sql}`, parameters as readonly SqlValue[]);
      plan = reply.rows.map((row) => String(row[3])).join('\n');
      return [];
    },
  });
  return plan;
}

test.each([
  ["SELECT * FROM devices WHERE deviceId = 'a'", 'device_id=?'],
  ["SELECT * FROM devices WHERE deviceId IN ['a', 'b']", 'device_id=?'],
  ["SELECT * FROM devices WHERE STARTSWITH(deviceId, 'pump-')", 'device_id>? AND device_id<?'],
  ["SELECT * FROM devices WHERE STARTSWITH(deviceId, 'pump-') AND tags.a = 1", 'device_id>? AND device_id<?'],
  [
    "SELECT * FROM devices WHERE connectionState = 'Connected'",
    'devices_by_connection (connection_state=? AND device_id>?)',
  ],
  ["SELECT * FROM devices WHERE status = 'disabled' AND tags.a = 1", 'devices_by_status (status=? AND device_id>?)'],
  ["SELECT COUNT() AS n FROM devices WHERE status = 'disabled'", 'COVERING INDEX devices_by_status (status=?)'],
  ['SELECT deviceId FROM devices', 'COVERING INDEX'],
])('%s searches %s, without sorting', async (text, step) => {
  const plan = await planOf(text);
  expect(plan).toContain(step);
  expect(plan).not.toContain('TEMP B-TREE');
});

test('when a query does not look into twins, then they are not read', async () => {
  expect(await planOf("SELECT deviceId, status FROM devices WHERE STARTSWITH(deviceId, 'a')")).not.toContain(' t ');
  expect(await planOf('SELECT deviceId FROM devices WHERE tags.a = 1')).toContain(' t ');
});

test('when a text tries to break out of its place, then it is only a text', async () => {
  const store = await openRegistryStore({ file: ':memory:' });
  const page = await store.query(
    parseQuery(
      `SELECT tags.[['"); DROP TABLE twins--]] AS [["; DROP TABLE identities]] FROM devices WHERE tags.[[a' OR '1'='1]] = '" OR 1=1'`,
    ),
    { limit: 1 },
  );
  expect(page.rows).toEqual([]);
  expect(await store.counts()).toMatchObject({ total: 0 });
  await store.close();
});

test('when a hub starts, then it looks at what was connected alone', async () => {
  const { sql } = writeStatements.disconnectAll;
  const reply = await client.query(`EXPLAIN QUERY PLAN ${sql}`, [0]);
  const plan = reply.rows.map((row) => String(row[3])).join('\n');
  expect(plan).toContain('devices_by_connection (connection_state=?)');
  expect(plan).toContain('modules_by_name');
  expect(plan).not.toMatch(/SCAN identities(?! USING)/);
});

test('when devices are counted, then from indices alone', async () => {
  const reply = await client.query(`EXPLAIN QUERY PLAN ${readStatements.counts.sql}`, []);
  const steps = reply.rows.map((row) => String(row[3])).filter((step) => /SCAN|SEARCH/.test(step));
  expect(steps.filter((step) => !/COVERING INDEX|CONSTANT ROW/.test(step))).toEqual([]);
});

const byTag = (values: readonly string[]): [text: string, indexed: IndexedProperty] => {
  const list = values.map((value) => `'${value}'`).join(', ');
  const text = `FROM devices WHERE tags.site IN [${list}]`;
  const [condition] = propertyConditions(parseQuery(`SELECT * ${text}`).where);
  if (condition === undefined) throw new Error('not indexable');
  return [text, { ...condition, pathId: 1, matches: 5 }];
};

test('when a tag is indexed, then its devices are searched in the order of pages, and counted without a look at them', async () => {
  const [text, indexed] = byTag(['a']);
  const page = await planOf(`SELECT deviceId ${text}`, indexed);
  expect(page).toContain('path_id=? AND kind=? AND value=? AND device_id>?');
  expect(page).not.toContain('TEMP B-TREE');
  expect(await planOf(`SELECT COUNT() AS n ${text}`, indexed)).not.toMatch(/identities|twins| [it] /);
});
