import { describe, expect, it } from 'vitest';
import { windowed } from '../../src/std/windowed.ts';

describe('a window over work', () => {
  it('when later items finish first, then results still come in order, never more at once than allowed', async () => {
    let running = 0;
    let most = 0;
    const work = async (item: number): Promise<number> => {
      most = Math.max(most, ++running);
      for (let turns = 10 - item; turns > 0; turns--) await Promise.resolve();
      running--;
      return item * 2;
    };
    const results: number[] = [];
    for await (const result of windowed([1, 2, 3, 4, 5, 6], 3, work)) results.push(result);
    expect(results).toEqual([2, 4, 6, 8, 10, 12]);
    expect(most).toBeLessThanOrEqual(3);
  });

  it('when the signal aborts, then no new item is taken', async () => {
    const controller = new AbortController();
    const started: number[] = [];
    for await (const item of windowed(
      [1, 2, 3, 4],
      1,
      async (number) => (started.push(number), number),
      controller.signal,
    )) {
      if (item === 2) controller.abort();
    }
    expect(started).toEqual([1, 2]);
  });
});
