import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareText, evaluate, evaluateValue, parseCondition, readPath } from '../../../src/protocol/query/index.ts';
import type { JsonObject } from '../../../src/std/json.ts';
import { condition, text } from './arbitraries.ts';

const twin: JsonObject = {
  deviceId: 'pump-1',
  status: 'enabled',
  lastActivityTime: '2026-03-01T10:00:00.000Z',
  tags: {
    site: 'north',
    n: 5,
    on: true,
    off: false,
    none: null,
    list: ['a', 2, true, null],
    inner: { x: 1 },
    'a b': 1,
  },
  properties: { desired: { $version: 3 }, reported: { link: 'wifi', t: 21.5 } },
};

const valueOf = (source: string) => evaluateValue(parseCondition(source), (segments) => readPath(twin, segments));

// Typed comparison: another type or undefined on either side makes a predicate neither true nor false (service.md §5.2).
describe('comparison', () => {
  test.each([
    ["tags.site = 'north'", true],
    ["tags.site != 'north'", false],
    ["tags.site > 'm'", true],
    ['tags.n >= 5', true],
    ['tags.n < 5', false],
    ["tags.n = '5'", undefined],
    ["tags.n != '5'", undefined],
    ['tags.missing = 1', undefined],
    ['tags.missing != 1', undefined],
    ['NOT (tags.missing = 1)', undefined],
    ['tags.missing = undefined', undefined],
    ['tags.none = null', true],
    ['tags.none != null', false],
    ['tags.none < null', undefined],
    ['tags.site = null', undefined],
    ['tags.on = true', true],
    ['tags.on > false', true],
    ['tags.inner = 1', undefined],
    ['tags.list = 1', undefined],
    ["lastActivityTime > '2026-01-01T00:00:00Z'", true],
    ['properties.desired.$version = 3', true],
    ['tags.[[a b]] = 1', true],
    ['tags.list[1] = 2', true],
    ['tags.list[9] = 2', undefined],
    ['tags.site[0] = 1', undefined],
    ['tags.constructor = 1', undefined],
    ['IS_DEFINED(tags.__proto__)', false],
  ])('%s is %j', (source, value) => {
    expect(valueOf(source)).toBe(value);
  });
});

describe('logic of three values', () => {
  test.each([
    ['tags.on AND tags.missing', undefined],
    ['tags.off AND tags.missing', false],
    ['tags.missing AND tags.off', false],
    ['tags.on OR tags.missing', true],
    ['tags.missing OR tags.on', true],
    ['tags.off OR tags.missing', undefined],
    ['NOT tags.missing', undefined],
    ['NOT tags.n', undefined],
    ['tags.n AND tags.on', undefined],
    ['tags.on', true],
    ['tags.n', 5],
  ])('%s is %j', (source, value) => {
    expect(valueOf(source)).toBe(value);
  });
});

describe('IN, arithmetic and functions', () => {
  test.each([
    ["properties.reported.link IN ['wifi', 'lte']", true],
    ["properties.reported.link NIN ['wifi', 'lte']", false],
    ["properties.reported.link IN [1, 'lte']", false],
    ['properties.reported.link IN [1, 2]', undefined],
    ["tags.missing NIN ['a']", undefined],
    ['tags.none IN [null]', true],
    ['tags.n + 1 = 6', true],
    ['tags.n / 2 = 2.5', true],
    ['-7 % 3 = -1', true],
    ['tags.n / 0 = 1', undefined],
    ["tags.n + 'a' = 1", undefined],
    ['-tags.n = -5', true],
    ["STARTSWITH(deviceId, 'pump-')", true],
    ["ENDS_WITH(deviceId, '-1')", true],
    ["CONTAINS(deviceId, 'x')", false],
    ["STARTSWITH(tags.n, 'x')", undefined],
    ["ARRAY_CONTAINS(tags.list, 'a')", true],
    ["ARRAY_CONTAINS(tags.list, '2')", false],
    ['ARRAY_CONTAINS(tags.list, null)', true],
    ["ARRAY_CONTAINS(tags.site, 'n')", undefined],
    ['IS_NUMBER(tags.n)', true],
    ['IS_NUMBER(tags.missing)', false],
    ['IS_STRING(tags.site)', true],
    ['IS_BOOL(tags.off)', true],
    ['IS_NULL(tags.none)', true],
    ['IS_ARRAY(tags.list)', true],
    ['IS_OBJECT(tags.inner)', true],
    ['IS_OBJECT(tags.none)', false],
    ['IS_PRIMITIVE(tags.none)', true],
    ['IS_PRIMITIVE(tags.list)', false],
    ['ABS(-2)', 2],
    ['CEILING(1.2)', 2],
    ['FLOOR(1.8)', 1],
    ['POWER(2, 10)', 1024],
    ['SQUARE(3)', 9],
    ['SQRT(9)', 3],
    ['SQRT(-1)', undefined],
    ['SIGN(-3)', -1],
    ['EXP(0)', 1],
    ["AS_NUMBER(' 1e2 ')", 100],
    ["AS_NUMBER('0x10')", undefined],
    ["CONCAT('a', tags.site, 'b')", 'anorthb'],
    ["LENGTH('a😀')", 2],
    ["LOWER('AbÉ')", 'abé'],
    ["UPPER('abé')", 'ABÉ'],
    ["SUBSTRING('a😀bc', 1, 2)", '😀b'],
    ["SUBSTRING('abc', 1)", 'bc'],
    ["INDEX_OF('a😀b', 'b')", 2],
    ["INDEX_OF('ab', 'x')", -1],
  ])('%s is %j', (source, value) => {
    expect(valueOf(source)).toBe(value);
  });
});

test('when texts are compared, then the order is that of their UTF-8 bytes', () => {
  const anyText = fc.oneof(text, fc.string({ unit: 'binary', maxLength: 4 }));
  fc.assert(
    fc.property(anyText, anyText, (left, right) => {
      expect(Math.sign(compareText(left, right))).toBe(Buffer.compare(Buffer.from(left), Buffer.from(right)));
    }),
    { numRuns: 2000 },
  );
  expect(compareText('\uFFFD', '😀')).toBeLessThan(0);
});

test('when a condition runs over any document, then it answers true or false and throws nothing', () => {
  fc.assert(
    fc.property(condition, fc.object(), (tree, document) => {
      expect(typeof evaluate(tree, (segments) => readPath({ tags: document } as never, segments))).toBe('boolean');
    }),
  );
});

test('when a chain is as long as a text can be, then it is evaluated without recursion', () => {
  const chain = parseCondition(`${'1=2 OR '.repeat(1150)}1=1`);
  expect(evaluate(chain, () => undefined)).toBe(true);
});
