import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fieldsOf, membersOf, parseUntrustedJson, stringField, wordField } from '../../../src/hub/core/untrusted.ts';

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

test('when text is JSON of ordinary depth, it is what JSON.parse makes of it', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 8 }), (text) => {
      fc.pre(!text.includes('__proto__'));
      expect(parseUntrustedJson(text)).toEqual(JSON.parse(text));
    }),
  );
});

test('when text is anything, the answer is a value or a refusal that quotes nothing of it', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        parseUntrustedJson(text);
      } catch (error) {
        expect(error).toMatchObject({
          name: 'HubError',
          message: expect.stringMatching(/^The body is not JSON(: see character \d+)?\.$/),
        });
      }
    }),
  );
});

test.each([1, 10, 64])('when JSON is %i deep, it passes', (depth) => {
  expect(() => parseUntrustedJson(nested(depth))).not.toThrow();
});

test.each([65, 1_000, 100_000])('when JSON is %i deep, it is refused without exhausting the stack', (depth) => {
  expect(() => parseUntrustedJson(nested(depth))).toThrow(expect.objectContaining({ symbol: 'ArgumentInvalid' }));
});

test.each(['{"__proto__":1}', '[{"a":{"__proto__":{}}}]', '{"\\u005f_proto__":{}}'])(
  'when %s comes, it is refused',
  (text) => {
    expect(() => parseUntrustedJson(text)).toThrow(expect.objectContaining({ symbol: 'ArgumentInvalid' }));
  },
);

describe('members', () => {
  const fields = fieldsOf({ Status: 'Enabled', reason: null, count: 1 }, 'thing');
  test('when names and words vary in case, they are found; null is absent', () => {
    expect(wordField(fields, 'status', ['enabled', 'disabled'])).toBe('enabled');
    expect(stringField(fields, 'reason')).toBeUndefined();
  });
  test('when a member is of another type or word, the refusal names it', () => {
    expect(() => stringField(fields, 'count')).toThrow('count must be a string.');
    expect(() => wordField(fields, 'status', ['on'])).toThrow('status must be one of on.');
    expect(() => fieldsOf([], 'The thing')).toThrow('The thing must be a JSON object.');
  });
  test('when two names differ in case alone, then the last one counts, unless it is null', () => {
    const twice = fieldsOf({ status: 'a', STATUS: 'b', Status: null }, 'thing');
    expect(stringField(twice, 'status')).toBe('b');
  });
  test('whatever the members are, they are what a map by lower-case names holds', () => {
    const name = fc.constantFrom('a', 'A', 'ab', 'aB', 'AB', 'İ', 'i', 'constructor');
    fc.assert(
      fc.property(fc.dictionary(name, fc.constantFrom(null, 1, 'x')), name, (object, asked) => {
        const entries = Object.entries(object).filter(([, value]) => value !== null);
        const model = new Map(entries.map(([key, value]) => [key.toLowerCase(), value]));
        const members = fieldsOf(object, 'thing');
        expect(members.get(asked)).toBe(model.get(asked.toLowerCase()));
        expect(members.isEmpty).toBe(model.size === 0);
      }),
    );
  });
  test('when a member is an object, then its members are read; when it is absent, none are', () => {
    const outer = fieldsOf({ Inner: { name: 'x' } }, 'thing');
    expect(stringField(membersOf(outer, 'inner'), 'name')).toBe('x');
    expect(membersOf(outer, 'other')).toMatchObject({ isEmpty: true });
    expect(() => membersOf(fieldsOf({ inner: 1 }, 'thing'), 'inner')).toThrow('inner must be a JSON object.');
  });
});
