import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyPatch } from '../../../src/fleet/twins/change.ts';
import { diffDocuments } from '../../../src/fleet/twins/diff.ts';
import {
  changeOfWords,
  compareDesired,
  compareTwins,
  previewTwin,
  removalOfPaths,
  setTwins,
} from '../../../src/fleet/twins/index.ts';
import type { JsonObject, JsonValue } from '../../../src/std/json.ts';
import { registryHub } from '../../support/registry-hub.ts';

describe('words to a change', () => {
  test.each<[string[], unknown]>([
    [['interval=5'], { properties: { desired: { interval: 5 } } }],
    [['desired.a.b=true', 'a.c=null'], { properties: { desired: { a: { b: true, c: null } } } }],
    [['properties.desired.a=1'], { properties: { desired: { a: 1 } } }],
    [['tags.site=north', 'tags.floor="7"'], { tags: { site: 'north', floor: '7' } }],
    [['tags.site=north', 'x=[1,2]'], { tags: { site: 'north' }, properties: { desired: { x: [1, 2] } } }],
    [["mode='on=off'"], { properties: { desired: { mode: 'on=off' } } }],
    [['tags={"a":1}', 'tags.b=2'], { tags: { a: 1, b: 2 } }],
    [['a\\.b=1'], { properties: { desired: { 'a.b': 1 } } }],
  ])('when the words are %j, then the change is %j', (words, change) => {
    expect(changeOfWords(words)).toEqual(change);
  });

  test.each([
    'interval',
    '=5',
    'reported.x=1',
    'properties.reported.x=1',
    'tags=5',
    'a={oops',
    '__proto__.x=1',
    'a..b=1',
    'constructor.prototype.x=1',
  ])('when a word is %j, then it is refused and nothing is polluted', (word) => {
    expect(() => changeOfWords([word])).toThrow();
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  test('when a document is given, then its sections are taken, or all of it is desired; words win', () => {
    expect(changeOfWords([], [{ tags: { a: 1 }, desired: { b: 2 } }])).toEqual({
      tags: { a: 1 },
      properties: { desired: { b: 2 } },
    });
    expect(changeOfWords([], [{ tags: { a: 1 }, properties: { desired: { b: 2 } } }])).toEqual({
      tags: { a: 1 },
      properties: { desired: { b: 2 } },
    });
    expect(changeOfWords(['b=3'], [{ b: 2, c: { d: 1 } }])).toEqual({ properties: { desired: { b: 3, c: { d: 1 } } } });
    expect(() => changeOfWords([], [[1]])).toThrow(/JSON object/);
    expect(() => changeOfWords([], [{ properties: { reported: {} } }])).toThrow(/device itself/);
  });

  test('when paths are removed, then they become null', () => {
    expect(removalOfPaths(['tags.site', 'interval', 'desired.a.b'])).toEqual({
      tags: { site: null },
      properties: { desired: { interval: null, a: { b: null } } },
    });
  });
});

const json: fc.Arbitrary<JsonValue> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<JsonValue>(true, false, 0, 1, 'a', 'b'),
    fc.array(fc.integer(), { maxLength: 2 }),
    tie('object'),
  ),
  object: fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), tie('value'), { maxKeys: 3 }),
})).object as fc.Arbitrary<JsonObject>;

function deep(depth: number, leaf: JsonValue): JsonObject {
  return JSON.parse('{"a":'.repeat(depth) + JSON.stringify(leaf) + '}'.repeat(depth)) as JsonObject;
}

describe('differences', () => {
  test('when a document is compared with itself, then there is none', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(diffDocuments(value as JsonObject, structuredClone(value) as JsonObject)).toEqual([]);
      }),
    );
  });

  test('when the differences are applied as a patch, then the other document comes out', () => {
    fc.assert(
      fc.property(json, json, (left, right) => {
        let result = left as JsonObject;
        for (const { path, right: value } of diffDocuments(left as JsonObject, right as JsonObject)) {
          const patch = path
            .split('.')
            .toReversed()
            .reduce<JsonValue>((inner, name) => Object.fromEntries([[name, inner]]), value ?? null);
          result = applyPatch(result, patch as JsonObject);
        }
        expect(pruned(result)).toEqual(pruned(right as JsonObject));
        expect(({} as Record<string, unknown>)['a']).toBeUndefined();
      }),
    );
  });

  test('when sides differ, then the kind and both values are told', () => {
    expect(diffDocuments({ a: 1, b: { c: [1] }, 'x.y': 1 }, { b: { c: [1, 2], d: null } })).toEqual([
      { path: 'a', kind: 'removed', left: 1, right: undefined },
      { path: 'b.c', kind: 'changed', left: [1], right: [1, 2] },
      { path: 'b.d', kind: 'added', left: undefined, right: null },
      { path: 'x\\.y', kind: 'removed', left: 1, right: undefined },
    ]);
  });

  test('when documents are absurdly deep, then it ends', () => {
    expect(diffDocuments(deep(5000, 1), deep(5000, 2))).toHaveLength(1);
  });
});

/** Empty objects are left out: a patch that removes the last leaf leaves `{}` (service.md §3.1), and so does one that never had it. */
function pruned(value: JsonObject): JsonObject {
  const entries = Object.entries(value).flatMap(([name, inner]): [string, JsonValue][] => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return [[name, inner]];
    const below = pruned(inner);
    return Object.keys(below).length === 0 ? [] : [[name, below]];
  });
  return Object.fromEntries(entries);
}

function hub() {
  const registry = registryHub();
  registry.add('a', {
    tags: { site: 'north' },
    desired: { interval: 5, mode: 'auto', limits: { high: 9 } },
    reported: { interval: 5, mode: { value: 'auto', ac: 200, av: 3 }, cpu: 4 },
  });
  registry.add('b', { tags: { site: 'south' }, desired: { interval: 5 } });
  return registry;
}

describe('twins of devices', () => {
  test('when one device is compared with itself, then only what it does not report as desired counts', async () => {
    expect(await compareDesired(hub(), 'a')).toEqual([
      { path: 'limits', kind: 'removed', left: { high: 9 }, right: undefined },
    ]);
  });

  test('when two devices are compared, then all sections count but no metadata', async () => {
    const paths = (await compareTwins(hub(), 'a', 'b')).map(({ path }) => path);
    expect(paths).toEqual([
      'desired.limits',
      'desired.mode',
      'reported.cpu',
      'reported.interval',
      'reported.mode',
      'tags.site',
    ]);
  });

  test('when a change is previewed, then the difference is told and nothing is changed', async () => {
    const registry = hub();
    const change = changeOfWords(['interval=10', 'tags.site=null', 'mode=auto']);
    expect((await previewTwin(registry, 'a', change)).map(({ path, kind }) => `${kind} ${path}`)).toEqual([
      'changed desired.interval',
      'removed tags.site',
    ]);
    expect(registry.calls).toEqual(['twin a']);
  });

  test('when many are changed, then each has its outcome', async () => {
    const registry = hub();
    const outcomes: string[] = [];
    for await (const { deviceId, result } of setTwins(registry, ['a', 'nobody', 'b'], {
      change: changeOfWords(['interval=9']),
      concurrency: 2,
    }))
      outcomes.push(`${deviceId} ${result}`);
    expect(outcomes.toSorted((x, y) => (x < y ? -1 : 1))).toEqual(['a changed', 'b changed', 'nobody failed']);
    expect(registry.stored.get('b')?.desired).toEqual({ interval: 9 });
  });
});
