import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DeviceRecord, RegistryStore } from '../../../../src/hub/core/ports.ts';
import { openRegistryStore } from '../../../../src/hub/store/sqlite/index.ts';
import {
  evaluate,
  formatExpression,
  readPath,
  type Expression,
  type PathSegment,
  type Query,
} from '../../../../src/protocol/query/index.ts';
import { condition, expression, path } from '../../../protocol/query/arbitraries.ts';
import { anyRecord, twinResolver } from './records.ts';

const ids = ['a', 'ab', 'abc', 'B', 'b', 'pump-1', 'pump-10', 'pump-2', 'pump.1', 'zz', '10', "o'x"];

function queryWith(parts: Partial<Query>): Query {
  return { select: 'all', top: undefined, source: 'devices', where: undefined, groupBy: [], ...parts };
}

/** Every world is a set of random devices in a store of its own; conditions then run over it both ways. */
describe.each([
  [11, 1_000, 'in memory'],
  [22, 1_000, 'in a file, read by a thread of its own'],
  [33, 1_000, 'in memory'],
  [44, 0, 'in memory'],
  [55, 0, 'in a file, read by a thread of its own'],
])('world %i, indexed from %i devices, %s', (seed, indexFrom, place) => {
  let store: RegistryStore;
  let directory: string;
  let devices: readonly DeviceRecord[];

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'iotctl-registry-'));
    const file = place === 'in memory' ? ':memory:' : join(directory, 'registry.db');
    store = await openRegistryStore({ file, indexFrom, ownerLimitMs: 0 });
    devices =
      fc.sample(fc.tuple(...ids.flatMap((id) => [anyRecord(id), anyRecord(`${id}-2`), anyRecord(`${id}-3`)])), {
        seed,
        numRuns: 1,
      })[0] ?? [];
    await store.write(devices.map((record) => ({ kind: 'insert', record })));
  });

  afterAll(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });

  async function matches(where: Expression): Promise<string[]> {
    const page = await store.query(queryWith({ where }), { limit: 1000 });
    return page.type === 'Twin' ? page.rows.map((row) => row.deviceId) : [];
  }

  function selected(where: Expression): string[] {
    return devices
      .filter((record) => evaluate(where, twinResolver(record)))
      .map((record) => record.deviceId)
      .toSorted();
  }

  test('when a condition runs as SQL, then it selects what the evaluator selects', async () => {
    let telling = 0;
    await fc.assert(
      fc.asyncProperty(condition, async (where) => {
        const expected = selected(where);
        if (expected.length > 0 && expected.length < devices.length) telling += 1;
        expect(await matches(where), formatExpression(where)).toEqual(expected);
      }),
      { numRuns: 700, seed },
    );
    // A test in which nothing is ever selected would prove nothing.
    expect(telling).toBeGreaterThan(100);
  });

  test('when types do not fit, then SQL is as undefined as the evaluator', async () => {
    await fc.assert(
      fc.asyncProperty(expression, async (where) => {
        expect(await matches(where), formatExpression(where)).toEqual(selected(where));
      }),
      { numRuns: 500, seed },
    );
  });

  test('when a path is selected, then the row has what the twin has', async () => {
    await fc.assert(
      fc.asyncProperty(path, async (segments: readonly PathSegment[]) => {
        const page = await store.query(queryWith({ select: [{ kind: 'path', segments, name: '__proto__' }] }), {
          limit: 1000,
        });
        const expected = devices
          .toSorted((left, right) => (left.deviceId < right.deviceId ? -1 : 1))
          .map((record) => twinResolver(record)(segments));
        const found = page.rows.map((row) => readPath(row as never, ['__proto__']));
        expect(found).toEqual(expected);
      }),
      { numRuns: 150, seed },
    );
  });
});
