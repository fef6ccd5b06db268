import { expect, test } from 'vitest';
import { createKeyedQueue } from '../../../src/hub/core/keyed-queue.ts';

interface Step {
  readonly name: string;
  readonly finish: () => void;
}

function recorder() {
  const begun: Step[] = [];
  const work = (name: string) => () =>
    new Promise<string>((resolve) => begun.push({ name, finish: () => resolve(name) }));
  return { begun, work, names: () => begun.map((step) => step.name) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('when work shares a key, it runs in order; other keys do not wait', async () => {
  const queue = createKeyedQueue();
  const { begun, work, names } = recorder();
  const first = queue.run(['a'], work('a1'));
  const second = queue.run(['a'], work('a2'));
  void queue.run(['b'], work('b1'));
  await turn();
  expect(names()).toEqual(['a1', 'b1']);
  begun[0]?.finish();
  expect(await first).toBe('a1');
  await turn();
  expect(names()).toEqual(['a1', 'b1', 'a2']);
  begun[2]?.finish();
  expect(await second).toBe('a2');
});

test('when work has many keys in any order, each waits for all of them and none waits for ever', async () => {
  const queue = createKeyedQueue();
  const done: number[] = [];
  const runs = Array.from({ length: 50 }, (_, number) => {
    const keys = ['a', 'b', 'c']
      .filter((_key, index) => (number >> index) % 2 === 0)
      .toSorted(() => (number % 2) - 0.5);
    return queue.run(keys, async () => {
      await turn();
      done.push(number);
    });
  });
  await Promise.all(runs);
  expect(done.toSorted((left, right) => left - right)).toEqual(runs.map((_, number) => number));
});

test('when work fails, its caller hears of it and the next runs all the same', async () => {
  const queue = createKeyedQueue();
  const failed = queue.run(['a'], () => Promise.reject(new Error('no')));
  const next = queue.run(['a'], () => Promise.resolve('yes'));
  await expect(failed).rejects.toThrow('no');
  expect(await next).toBe('yes');
});
