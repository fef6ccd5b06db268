import { describe, expect, test } from 'vitest';
import type { OptionDeclaration } from '../../../src/cli/define-command.ts';
import { parseValue } from '../../../src/cli/options/parse-value.ts';

const now = Date.UTC(2026, 10, 21, 12);
const parse = (type: OptionDeclaration['type'], text: string, rules: Partial<OptionDeclaration> = {}) =>
  parseValue(text, { ...(type && { type }), ...rules }, '--x', now);

describe('values of flags', () => {
  test.each([
    ['integer', '5', 5],
    ['integer', '-3', -3],
    ['number', '2.5', 2.5],
    ['number', '1e3', 1_000],
    ['number', '.5', 0.5],
    ['duration', '30s', 30_000],
    ['duration', '1h30m', 5_400_000],
    ['duration', '500ms', 500],
    ['time', '10m', now - 600_000],
    ['time', '-10m', now - 600_000],
    ['time', 'now', now],
    ['time', '2026-11-21T08:30:00Z', Date.UTC(2026, 10, 21, 8, 30)],
    ['time', '2026-11-21T08:30:00+02:00', Date.UTC(2026, 10, 21, 6, 30)],
    ['time', '2026-11-21', Date.UTC(2026, 10, 21)],
    ['port', '0', 0],
    ['port', '65535', 65_535],
    ['port', 'off', 'off'],
    ['string', '', ''],
  ] as const)('%s %j is %j', (type, text, value) => {
    expect(parse(type, text)).toBe(value);
  });

  test.each([
    ['integer', '5.5', 'a whole number'],
    ['integer', '', 'a whole number'],
    ['integer', '0x10', 'a whole number'],
    ['integer', '9007199254740993', 'a whole number'],
    ['number', 'NaN', 'a number'],
    ['number', '1e999', 'a number'],
    ['number', '1,5', 'a number'],
    ['duration', '10 minutes', 'a duration such as'],
    ['duration', '-5s', 'a duration such as'],
    ['time', 'yesterday', 'a time such as'],
    ['time', '2026-13-01', 'a time such as'],
    ['port', '65536', 'a port: 0 to 65535'],
    ['port', '-1', 'a port: 0 to 65535'],
  ] as const)('%s %j is refused', (type, text, expected) => {
    expect(() => parse(type, text)).toThrow(
      expect.objectContaining({ code: 'invalid-value', message: expect.stringContaining(expected) }),
    );
  });

  test('a range is named as far as it is declared', () => {
    expect(() => parse('integer', '0', { minimum: 1 })).toThrow('--x: "0" is not 1 or more');
    expect(() => parse('integer', '9', { maximum: 5 })).toThrow('--x: "9" is not 5 or less');
    expect(() => parse('integer', '9', { minimum: 1, maximum: 5 })).toThrow('--x: "9" is not between 1 and 5');
    expect(parse('integer', '5', { minimum: 1, maximum: 5 })).toBe(5);
  });

  test('choices are named', () => {
    expect(() => parse('string', 'c', { choices: ['a', 'b'] })).toThrow('--x: "c" is not one of a, b');
  });
});
