import { expect, test } from 'vitest';
import { Failure } from '../../../src/errors/index.ts';
import { runQuery, splitFirst } from '../../../src/fleet/queries/index.ts';
import { registryHub } from '../../support/registry-hub.ts';

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function hub() {
  const registry = registryHub();
  for (const id of ['a', 'b', 'c']) registry.add(id, { tags: { site: id } });
  return registry;
}

test('when columns are selected, then they are known without a row', async () => {
  const { columns, rows } = runQuery(hub(), "SELECT deviceId, tags.site AS site FROM devices WHERE deviceId = 'none'");
  expect(columns).toEqual(['deviceId', 'site']);
  expect(await collect(rows)).toEqual([]);
});

test('when everything is selected, then the rows tell', () => {
  expect(runQuery(hub(), 'SELECT * FROM devices').columns).toBeUndefined();
});

test('when a number of rows is enough, then no more pages are read', async () => {
  const registry = hub();
  expect(await collect(runQuery(registry, 'SELECT deviceId FROM devices', { top: 1 }).rows)).toEqual([
    { deviceId: 'a' },
  ]);
});

test('when the hub refuses a query without a place, then ours points at it', async () => {
  const registry = hub();
  registry.before = () => {
    throw new Failure('invalid-query', 'the query is not valid: BadRequest');
  };
  const text = "SELECT * FROM devices WHERE tags.site == 'north'";
  const error: unknown = await collect(runQuery(registry, text).rows).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'invalid-query' });
  const [shown, carets] = (error as Failure).details['excerpt'] as [string, string];
  expect(shown.slice(carets.indexOf('^')).startsWith('=')).toBe(true);
});

test('when only the hub refuses, then its own words stay', async () => {
  const registry = hub();
  registry.before = () => {
    throw new Failure('invalid-query', 'the query is not valid: too costly');
  };
  await expect(collect(runQuery(registry, 'SELECT * FROM devices').rows)).rejects.toThrow('too costly');
});

test('when the first rows are taken apart, then the whole still has them, and stopping ends the source', async () => {
  let ended = false;
  async function* rows() {
    try {
      yield* [1, 2, 3];
    } finally {
      ended = true;
    }
  }
  const { first, all } = await splitFirst(rows(), 2);
  expect(first).toEqual([1, 2]);
  for await (const row of all) {
    expect(row).toBe(1);
    break;
  }
  expect(ended).toBe(true);
  expect(await collect((await splitFirst(rows(), 9)).all)).toEqual([1, 2, 3]);
  expect(await collect((await splitFirst(rows(), 0)).all)).toEqual([1, 2, 3]);
});
