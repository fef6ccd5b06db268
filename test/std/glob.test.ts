import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isGlob, matchGlob } from '../../src/std/glob.ts';

/** The obvious but slower definition, to compare with. */
function reference(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  const head = pattern[0];
  const rest = pattern.slice(1);
  if (head === '*') return reference(rest, text) || (text !== '' && reference(pattern, text.slice(1)));
  return text !== '' && (head === '?' || head === text[0]) && reference(rest, text.slice(1));
}

describe('matchGlob', () => {
  it.each([
    ['pump-*', 'pump-001', true],
    ['pump-*', 'Pump-001', false],
    ['*-north', 'pump-north', true],
    ['p?mp', 'pump', true],
    ['p?mp', 'pmp', false],
    ['*', '', true],
    ['a*b*c', 'a-b-b-c', true],
    ['a.c', 'abc', false],
  ])('%s against %s is %s', (pattern, text, matches) => {
    expect(matchGlob(pattern, text)).toBe(matches);
  });

  it('agrees with the recursive definition', () => {
    const letters = fc.array(fc.constantFrom('a', 'b', '*', '?'), { maxLength: 8 }).map((parts) => parts.join(''));
    const words = fc.array(fc.constantFrom('a', 'b'), { maxLength: 8 }).map((parts) => parts.join(''));
    fc.assert(fc.property(letters, words, (pattern, text) => matchGlob(pattern, text) === reference(pattern, text)));
  });

  it('is not slow on a pattern that makes backtracking matchers explode', () => {
    const pattern = `${'*a'.repeat(200)}b`;
    expect(matchGlob(pattern, 'a'.repeat(20_000))).toBe(false);
  });
});

describe('isGlob', () => {
  it('knows a glob from a plain id', () => {
    expect([isGlob('pump-*'), isGlob('pump-?'), isGlob('pump-1')]).toEqual([true, true, false]);
  });
});
