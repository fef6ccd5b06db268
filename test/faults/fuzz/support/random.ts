import { seed } from '../../support/scale.ts';

/** Numbers in [0, 1). */
export type Random = () => number;

/** A generator for one case of one target: a case that fails is made again from the seed, the target and its number alone. */
export function randomOfCase(target: string, number: number): Random {
  let state = (seed ^ Math.imul(number + 1, 0x9e37_79b1)) >>> 0;
  for (let index = 0; index < target.length; index++)
    state = Math.imul(state ^ target.charCodeAt(index), 0x85eb_ca6b) >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number in [0, below). */
export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

export function pick<Item>(random: Random, items: readonly Item[]): Item {
  const item = items[below(random, items.length)];
  if (item === undefined) throw new RangeError('nothing to pick from');
  return item;
}
