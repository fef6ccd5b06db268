import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HubError } from '../../../src/protocol/hub-errors.ts';
import { checkTwinContent, twinLimits, twinSize, type TwinContentRules } from '../../../src/protocol/twin/index.ts';
import type { JsonObject, JsonValue } from '../../../src/std/json.ts';

const rules: TwinContentRules = { maxBytes: 32 * 1024, allowNull: false, name: 'properties.desired' };

function problemOf(content: unknown, changed: Partial<TwinContentRules> = {}): string | undefined {
  try {
    checkTwinContent(content, { ...rules, ...changed });
    return undefined;
  } catch (error) {
    if (error instanceof HubError && error.symbol === 'ArgumentInvalid') return error.message;
    throw error;
  }
}

function nested(levels: number): JsonObject {
  let value: JsonObject = { leaf: 1 };
  for (let level = 0; level < levels; level++) value = { next: value };
  return value;
}

describe('checkTwinContent', () => {
  it.each([null, [], 'x', 7, undefined, true])('when the content is %j, then it must be an object', (content) => {
    expect(problemOf(content)).toBe('properties.desired must be a JSON object');
  });

  it('takes every type: device.md §6', () => {
    expect(problemOf({ a: true, b: 1.5, c: 'x', d: { e: [1, [2], { f: 3 }] }, h: [] })).toBeUndefined();
  });

  it.each([
    ['k'.repeat(1024), true],
    ['k'.repeat(1025), false],
    ['ä'.repeat(512), true],
    ['ä'.repeat(513), false],
    ['a-b_c:d/e', true],
    ['', false],
    ['a.b', false],
    ['a b', false],
    ['a#', false],
    ['$a', false],
    ['$version', true],
    ['a\u0000', false],
    ['a\u0085', false],
    ['__proto__', false],
    ['constructor', true],
  ])('key %j is allowed: %s', (key, allowed) => {
    const content = JSON.parse(`{${JSON.stringify(key)}:1}`) as unknown;
    expect(problemOf(content) === undefined).toBe(allowed);
  });

  it('when a system member stands below the root, then it is refused', () => {
    expect(problemOf({ $version: 3, $metadata: { any: null } })).toBeUndefined();
    expect(problemOf({ a: { $version: 3 } })).toContain('"$version"');
    expect(problemOf({ $other: 3 })).toContain('"$other"');
  });

  it.each([
    [twinLimits.maxInteger, true],
    [twinLimits.maxInteger + 1, false],
    [twinLimits.minInteger, true],
    [twinLimits.minInteger - 1, false],
    [0.1, true],
    [1e300, false],
    [JSON.parse('1e999') as number, false],
    ['x'.repeat(4096), true],
    ['x'.repeat(4097), false],
    ['ä'.repeat(2048), true],
    ['ä'.repeat(2049), false],
  ])('value %s is allowed: %s', (value: JsonValue, allowed) => {
    expect(problemOf({ a: value }) === undefined).toBe(allowed);
    expect(problemOf({ a: [{ b: value }] }) === undefined).toBe(allowed);
  });

  it('allows ten levels below the root and not eleven', () => {
    expect(problemOf(nested(10))).toBeUndefined();
    expect(problemOf(nested(11))).toContain('nested deeper than 10');
    expect(problemOf(JSON.parse('{"a":'.repeat(20_000) + '1' + '}'.repeat(20_000)))).toContain('nested deeper');
    expect(problemOf({ a: JSON.parse('['.repeat(20_000) + ']'.repeat(20_000)) as JsonValue })).toContain(
      'nested deeper',
    );
  });

  it('lets null delete in a patch, and never stand in an array', () => {
    expect(problemOf({ a: null })).toContain('only a patch');
    expect(problemOf({ a: { b: null } }, { allowNull: true })).toBeUndefined();
    expect(problemOf({ a: [null] }, { allowNull: true })).toContain('inside an array');
    expect(problemOf({ a: [{ b: null }] }, { allowNull: true })).toContain('inside an array');
  });

  it('counts the size by its rule and refuses one byte more than the limit', () => {
    const content = { ab: 'xyz', n: 1, t: true, list: [1, 'q'], in: { c: 'd' } };
    const size = 2 + 3 + (1 + 8) + (1 + 4) + (4 + 8 + 1) + (2 + 1 + 1);
    expect(twinSize(content)).toBe(size);
    expect(problemOf(content, { maxBytes: size })).toBeUndefined();
    expect(problemOf(content, { maxBytes: size - 1 })).toContain(`${size} bytes`);
    expect(problemOf({ ...content, $metadata: { much: 'x'.repeat(500) } }, { maxBytes: size })).toBeUndefined();
    expect(twinSize('a\u0001b\u009f')).toBe(2);
  });

  it('when content passes, then its counted size is what the check counted', () => {
    const value = fc.jsonValue({ maxDepth: 3 }).filter((json) => !JSON.stringify(json).includes('null'));
    fc.assert(
      fc.property(value, (json) => {
        const content = { a: json as JsonValue };
        if (problemOf(content, { maxBytes: Number.MAX_SAFE_INTEGER }) !== undefined) return;
        expect(problemOf(content, { maxBytes: twinSize(content) })).toBeUndefined();
        expect(problemOf(content, { maxBytes: twinSize(content) - 1 })).toContain('too large');
      }),
    );
  });

  it('when a key is hostile text, then the message is one short plain line without a semicolon', () => {
    const problem = problemOf(JSON.parse(JSON.stringify({ [`a;\u001b[31m\n${'x'.repeat(3_000)}`]: 1 })));
    expect(problem).toMatch(/^[\u0020-\u003a\u003c-\u007e]{1,200}$/);
  });
});
