import { describe, expect, test } from 'vitest';
import { begin } from '../../../src/cli/output/begin.ts';

describe('begin', () => {
  test('asks for the first item at once and gives each once, in order', async () => {
    const asked: number[] = [];
    const begun = begin(
      (async function* () {
        for (let item = 0; item < 3; item++) {
          asked.push(item);
          yield item;
        }
      })(),
    );
    expect(asked).toEqual([0]);
    expect(await Array.fromAsync(begun)).toEqual([0, 1, 2]);
  });

  test('ends the source when the reader stops early', async () => {
    let closed = false;
    const source = (async function* () {
      try {
        yield 1;
        yield 2;
      } finally {
        closed = true;
      }
    })();
    for await (const item of begin(source)) if (item === 1) break;
    expect(closed).toBe(true);
  });

  test('gives a failure to the reader', async () => {
    const source: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('no')) }),
    };
    await expect(Array.fromAsync(begin(source))).rejects.toThrow('no');
  });
});
