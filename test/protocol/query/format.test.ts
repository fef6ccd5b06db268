import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatExpression,
  formatPath,
  formatQuery,
  parseCondition,
  parseQuery,
  queryLimits,
} from '../../../src/protocol/query/index.ts';
import { expression, query } from './arbitraries.ts';

describe('format', () => {
  test('when a condition is written and read again, then it is the same tree', () => {
    fc.assert(
      fc.property(expression, (tree) => {
        const text = formatExpression(tree);
        fc.pre(text.length <= queryLimits.length);
        expect(parseCondition(text)).toEqual(tree);
      }),
      { numRuns: 2000 },
    );
  });

  test('when a query is written and read again, then it is the same tree', () => {
    fc.assert(
      fc.property(query, (tree) => {
        const text = formatQuery(tree);
        fc.pre(text.length <= queryLimits.length);
        expect(parseQuery(text)).toEqual(tree);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['select  top 3 DEVICEID as id from devices', 'SELECT TOP 3 deviceId AS id FROM devices'],
    ['SELECT COUNT() AS n FROM devices WHERE a_b(1)', undefined],
    [
      "SELECT * FROM devices WHERE not (tags.a<>1 or tags.b='it''s')",
      String.raw`SELECT * FROM devices WHERE NOT (tags.a != 1 OR tags.b = 'it\'s')`,
    ],
    ['SELECT * FROM devices WHERE starts_with(deviceId, "p")', "SELECT * FROM devices WHERE STARTSWITH(deviceId, 'p')"],
    ['SELECT * FROM devices WHERE isdefined(tags.[[group]])', 'SELECT * FROM devices WHERE IS_DEFINED(tags.[[group]])'],
    ['SELECT * FROM devices WHERE 1+2*3 = (1+2)*3', 'SELECT * FROM devices WHERE 1 + 2 * 3 = (1 + 2) * 3'],
  ])('%s', (text, written) => {
    if (written === undefined) expect(() => parseQuery(text)).toThrow('unknown function');
    else expect(formatQuery(parseQuery(text))).toBe(written);
  });

  test('when a name cannot be escaped, then it is refused', () => {
    expect(() => formatPath(['tags', 'a]]b'])).toThrow('cannot be written');
    expect(formatPath(['tags', 'a]', 2])).toBe('tags.[[a]]][2]');
  });
});
