import { describe, expect, it } from 'vitest';
import { pool } from '../../src/std/pool.ts';

describe('pool', () => {
  it('gives every result and never runs more than the limit at once', async () => {
    let running = 0;
    let most = 0;
    const results: number[] = [];
    const work = async (item: number): Promise<number> => {
      running++;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return item;
    };
    for await (const result of pool(
      Array.from({ length: 50 }, (_, index) => index),
      4,
      work,
    ))
      results.push(result);
    expect(results.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index));
    expect(most).toBe(4);
  });

  it('takes no new items after the signal aborts, and still gives what had begun', async () => {
    const controller = new AbortController();
    const begun: number[] = [];
    const results: number[] = [];
    const work = async (item: number): Promise<number> => {
      begun.push(item);
      if (item === 2) controller.abort();
      return await Promise.resolve(item);
    };
    for await (const result of pool([0, 1, 2, 3, 4, 5], 2, work, controller.signal)) results.push(result);
    expect(begun).toEqual([0, 1, 2]);
    expect(results.toSorted((a, b) => a - b)).toEqual([0, 1, 2]);
  });
});
