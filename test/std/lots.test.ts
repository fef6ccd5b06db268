import { describe, expect, it } from 'vitest';
import { lotsOf } from '../../src/std/lots.ts';

describe('lotsOf', () => {
  it.each([
    [[], []],
    [['a'], [['a']]],
    [
      ['a', 'b', 'c', 'd'],
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      ['a', 'b', 'c'],
      [['a', 'b'], ['c']],
    ],
  ])('groups %j as %j', async (items, lots) => {
    expect(await Array.fromAsync(lotsOf(items, 2))).toEqual(lots);
  });

  it('gives a lot as soon as it is full', async () => {
    let taken = 0;
    function* counted(): Generator<number, void, undefined> {
      for (;;) yield ++taken;
    }
    const { value } = await lotsOf(counted(), 3).next();
    expect(value).toEqual([1, 2, 3]);
    expect(taken).toBe(3);
  });
});
