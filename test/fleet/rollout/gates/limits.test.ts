import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { verdictOf } from '../../../../src/fleet/rollout/gates/verdict.ts';
import { needsControl } from '../../../../src/fleet/rollout/model/gates.ts';
import { meets, parseLimit } from '../../../../src/fleet/rollout/model/condition.ts';

const operators = ['<', '<=', '>', '>=', '=', '!='] as const;
const decimals = fc.tuple(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.nat(999)).map(([a, b]) => `${a}.${b}`);
const spaces = fc.constantFrom('', ' ', '  ');

test('a limit is read as it is written, with any spacing', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...operators),
      decimals,
      fc.boolean(),
      fc.array(spaces, { minLength: 5, maxLength: 5 }),
      (operator, number, ofControl, [a, b, c, d, e]) => {
        const text = `${a}${operator}${b}${number}${ofControl ? `${c}*${d}control` : ''}${e}`;
        expect(parseLimit(text)).toEqual({ operator, value: Number(number), ofControl });
      },
    ),
  );
});

test('any other text is no limit, and reading it never fails', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const limit = parseLimit(text);
      if (limit !== undefined) expect(Number.isFinite(limit.value)).toBe(true);
    }),
  );
  for (const text of ['', '80', '<=', '<= x', '=< 80', '<= 80 * controls', '<= control', '<= 1e3', '<= 80 %', '== 1'])
    expect(parseLimit(text), text).toBeUndefined();
});

test('an operator and its opposite never agree', () => {
  const opposites = [
    ['<', '>='],
    ['<=', '>'],
    ['=', '!='],
  ] as const;
  const number = fc.double({ noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(
      fc.constantFrom(...opposites),
      number,
      number,
      fc.boolean(),
      ([one, other], bound, value, ofControl) => {
        const control = 1;
        const limit = { value: bound, ofControl };
        expect(meets({ ...limit, operator: one }, value, control)).toBe(
          !(meets({ ...limit, operator: other }, value, control) ?? true),
        );
      },
    ),
  );
});

test('a limit of the control group cannot be looked at without one', () => {
  expect(meets({ operator: '<=', value: 1.1, ofControl: true }, 1, undefined)).toBeUndefined();
  expect(meets({ operator: '<=', value: 1.1, ofControl: true }, 11, 10)).toBe(true);
  expect(needsControl({ pass: '<= 1.1 * control' })).toBe(true);
  expect(needsControl({ pass: '>= 0', fail: '> 2 * control' })).toBe(true);
  expect(needsControl({ pass: '<= 80', fail: '> 90' })).toBe(false);
});

test.each([
  // The limit to fail by decides first.
  [{ pass: '> 0', fail: '> 10' }, 11, undefined, 'fail'],
  [{ pass: '<= 80', fail: '> 90' }, 80, undefined, 'pass'],
  // Between both limits nothing is known.
  [{ pass: '<= 80', fail: '> 90' }, 85, undefined, 'inconclusive'],
  [{ pass: '<= 80' }, 81, undefined, 'fail'],
  [{ pass: '<= 80' }, undefined, undefined, 'inconclusive'],
  [{ pass: '<= 1.1 * control' }, 5, undefined, 'inconclusive'],
  [{ pass: '<= 1.1 * control' }, 11, 10, 'pass'],
  [{ pass: '<= 1.1 * control' }, 12, 10, 'fail'],
  // One that passes by a constant may still fail by the control group, which nobody can see.
  [{ pass: '<= 80', fail: '> 2 * control' }, 5, undefined, 'inconclusive'],
  [{ pass: '<= 2 * control', fail: '> 90' }, 91, undefined, 'fail'],
] as const)('%o of %s beside %s: %s', (limits, value, control, verdict) => {
  expect(verdictOf(limits, value, control)).toBe(verdict);
});
