import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HubError } from '../../../src/protocol/hub-errors.ts';
import {
  contentOf,
  emptySection,
  etagOf,
  mergeContent,
  patchSection,
  readSection,
  replaceSection,
  type TwinMetadata,
  type TwinSection,
} from '../../../src/protocol/twin/index.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/std/json.ts';

const start = Date.UTC(2026, 0, 1);
const first = '2026-01-01T00:00:00.0000000Z';
const second = '2026-01-01T00:00:01.0000000Z';
const third = '2026-01-01T00:00:02.0000000Z';

const key = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor', 'toString');
const { tree: content } = fc.letrec<{ tree: JsonObject; value: JsonValue }>((tie) => ({
  tree: fc.dictionary(key, tie('value'), { maxKeys: 4 }),
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, 1, 'x', true),
    fc.array(fc.integer(), { maxLength: 2 }),
    tie('tree'),
  ),
}));

/** RFC 7386 over maps, where no key is special: the model the merge must agree with. */
type Tree = Map<string, Tree | string | null>;

function toTree(object: JsonObject): Tree {
  return new Map(
    Object.entries(object).map(([name, value]) => [
      name,
      isJsonObject(value) ? toTree(value) : value === null ? null : JSON.stringify(value),
    ]),
  );
}

function mergeTrees(target: Tree, patch: Tree): Tree {
  for (const [name, value] of patch) {
    const current = target.get(name);
    if (value === null) target.delete(name);
    else
      target.set(name, value instanceof Map ? mergeTrees(current instanceof Map ? current : new Map(), value) : value);
  }
  return target;
}

/** The path of every member, at every level. */
function contentPaths(object: JsonObject, prefix = ''): string[] {
  return Object.entries(object).flatMap(([name, value]) => [
    `${prefix}/${name}`,
    ...(isJsonObject(value) ? contentPaths(value, `${prefix}/${name}`) : []),
  ]);
}

/** The paths of the metadata nodes below the root. */
function metadataPaths(metadata: TwinMetadata, prefix = ''): string[] {
  return Object.entries(metadata).flatMap(([name, child]) =>
    typeof child === 'object' ? [`${prefix}/${name}`, ...metadataPaths(child, `${prefix}/${name}`)] : [],
  );
}

function desired(...patches: JsonObject[]): TwinSection {
  return patches.reduce(
    (section, patch, index) => patchSection(section, patch, { now: start + (index + 1) * 1_000, stampVersions: true }),
    emptySection(start),
  );
}

describe('patchSection', () => {
  it('starts at version 1 and counts every write, even one without effect: device.md §6', () => {
    expect(emptySection(start)).toEqual({ content: {}, version: 1, metadata: { $lastUpdated: first } });
    expect(desired({}, {}).version).toBe(3);
  });

  it('merges objects, replaces scalars and arrays, deletes by null, keeps an emptied object: service.md §3.1', () => {
    const section = desired(
      { a: { b: 1, c: [1, 2] }, d: 'x' },
      { a: { b: null, c: [3] }, d: { e: true } },
      { a: { c: null }, gone: null },
    );
    expect(section.content).toEqual({ a: {}, d: { e: true } });
  });

  it('stamps what a patch names and the objects above it, nothing else', () => {
    const { metadata } = desired({ a: { b: 1, c: 2 }, d: [1] }, { a: { b: 3 } });
    expect(metadata).toEqual({
      $lastUpdated: third,
      $lastUpdatedVersion: 3,
      a: {
        $lastUpdated: third,
        $lastUpdatedVersion: 3,
        b: { $lastUpdated: third, $lastUpdatedVersion: 3 },
        c: { $lastUpdated: second, $lastUpdatedVersion: 2 },
      },
      d: { $lastUpdated: second, $lastUpdatedVersion: 2 },
    });
  });

  it('when a section is reported, then no version is stamped', () => {
    const section = patchSection(emptySection(start), { a: 1 }, { now: start + 1_000, stampVersions: false });
    expect(section.metadata).toEqual({ $lastUpdated: second, a: { $lastUpdated: second } });
  });

  it('when a patch carries $version or $metadata at the root, then they are not content', () => {
    expect(desired({ a: 1, $version: 9, $metadata: { x: 1 } }).content).toEqual({ a: 1 });
  });

  it('gives the same as the model', () => {
    fc.assert(
      fc.property(content, content, (base, patch) => {
        const before = mergeContent({}, base);
        expect(toTree(mergeContent(before, patch))).toEqual(mergeTrees(toTree(before), toTree(patch)));
      }),
      { numRuns: 500 },
    );
  });

  it('when patches follow each other, then metadata mirrors content and nothing given is changed', () => {
    fc.assert(
      fc.property(fc.array(content, { minLength: 1, maxLength: 5 }), (patches) => {
        const given = JSON.stringify(patches);
        const section = desired(...patches);
        expect(metadataPaths(section.metadata).toSorted()).toEqual(contentPaths(section.content).toSorted());
        expect(section.version).toBe(patches.length + 1);
        expect(JSON.stringify(patches)).toBe(given);
        expect(JSON.stringify(section.content)).not.toContain('null');
      }),
    );
  });

  it('when a key is __proto__, then it is stored as a key and no prototype changes', () => {
    const section = desired(
      JSON.parse('{"__proto__":{"polluted":true},"a":{"__proto__":{"polluted":1}}}') as JsonObject,
      { a: { b: 1 } },
    );
    expect(JSON.stringify(section.content)).toBe(
      '{"__proto__":{"polluted":true},"a":{"__proto__":{"polluted":1},"b":1}}',
    );
    expect(Object.getPrototypeOf(section.content)).toBe(Object.prototype);
    expect((section.content as { polluted?: unknown }).polluted).toBeUndefined();
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('when a patch that nobody checked is endlessly deep, then it is refused and the stack holds', () => {
    const deep = JSON.parse('{"a":'.repeat(50_000) + '1' + '}'.repeat(50_000)) as JsonObject;
    expect(() => desired(deep)).toThrow(HubError);
    expect(() => replaceSection(emptySection(start), deep, { now: 1, stampVersions: true })).toThrow(HubError);
  });
});

describe('replaceSection', () => {
  it('keeps only what is sent and stamps every node anew', () => {
    const section = replaceSection(
      desired({ a: 1, b: 2 }),
      { b: { c: 3, d: null } },
      { now: start + 2_000, stampVersions: true },
    );
    expect(section.content).toEqual({ b: { c: 3 } });
    expect(section.version).toBe(3);
    expect(section.metadata['a']).toBeUndefined();
    expect(section.metadata['b']).toEqual({
      $lastUpdated: third,
      $lastUpdatedVersion: 3,
      c: { $lastUpdated: third, $lastUpdatedVersion: 3 },
    });
  });
});

describe('readSection', () => {
  it('shows metadata to services and not to devices', () => {
    const section = desired({ a: 1 });
    expect(readSection(section, { metadata: false })).toEqual({ a: 1, $version: 2 });
    expect(readSection(section, { metadata: true })).toEqual({ a: 1, $metadata: section.metadata, $version: 2 });
    expect(contentOf(readSection(section, { metadata: true }))).toEqual({ a: 1 });
    expect(section.content).toEqual({ a: 1 });
  });
});

describe('etagOf', () => {
  it('is the base64 of an eight-byte counter', () => {
    expect(etagOf(1)).toBe('AAAAAAAAAAE=');
    expect(etagOf(258)).toBe('AAAAAAAAAQI=');
    expect(new Set(Array.from({ length: 1_000 }, (_, counter) => etagOf(counter))).size).toBe(1_000);
  });
});
