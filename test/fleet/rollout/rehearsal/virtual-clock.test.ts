import { array, assert, boolean, nat, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { virtualClock } from '../../../../src/fleet/rollout/rehearsal/virtual-clock.ts';
import { createTimerHeap } from '../../../../src/fleet/rollout/rehearsal/timer-heap.ts';
import { sleep } from '../../../../src/std/clock.ts';

describe('virtual clock', () => {
  it('passes a day as fast as the work in it', async () => {
    const clock = virtualClock(0);
    await clock.run(sleep(clock, 86_400_000));
    expect([clock.now(), clock.monotonic()]).toEqual([86_400_000, 86_400_000]);
  });

  it('stands still while promises have something to do', async () => {
    const clock = virtualClock(0);
    const seen: number[] = [];
    clock.after(1, () => undefined);
    const work = async (): Promise<void> => {
      for (let step = 0; step < 1_000; step++) await Promise.resolve();
      seen.push(clock.now());
    };
    await clock.run(Promise.all([work(), sleep(clock, 10)]));
    expect(seen).toEqual([0]);
  });

  it('says that work waits for nothing', async () => {
    const clock = virtualClock();
    await expect(clock.run(new Promise(() => undefined))).rejects.toThrow('no timer brings');
  });

  it('ends work that lasts longer than it may', async () => {
    const clock = virtualClock();
    await expect(clock.run(sleep(clock, 2_000), { limitMs: 1_000 })).rejects.toThrow('1000 ms of virtual time');
  });

  it('gives what the work gave, its failure too', async () => {
    const clock = virtualClock();
    await expect(clock.run(Promise.resolve(7))).resolves.toBe(7);
    await expect(clock.run(Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });

  it('advances to a moment and fires what is due until then', async () => {
    const clock = virtualClock(0);
    const fired: number[] = [];
    for (const at of [30, 10, 20]) clock.after(at, () => fired.push(clock.now()));
    await clock.advance(20);
    expect([fired, clock.now(), clock.pending]).toEqual([[10, 20], 20, 1]);
  });
});

describe('timer heap', () => {
  it('gives timers by time, then by their order, without those that were cancelled', () => {
    assert(
      property(array(record({ at: nat(50), cancel: boolean() }), { maxLength: 3_000 }), (timers) => {
        const heap = createTimerHeap();
        const given: number[] = [];
        const cancels = timers.map(({ at }, index) => heap.add(at, () => given.push(index)));
        for (const [index, { cancel }] of timers.entries()) if (cancel) cancels[index]?.();
        const left = [...timers.entries()].filter(([, { cancel }]) => !cancel);
        expect(heap.size).toBe(left.length);
        for (let timer = heap.take(); timer !== undefined; timer = heap.take()) timer.fire();
        expect(given).toEqual(
          left.toSorted(([a, one], [b, other]) => one.at - other.at || a - b).map(([index]) => index),
        );
        for (const cancel of cancels) cancel();
        expect(heap.size).toBe(0);
      }),
      { numRuns: 50 },
    );
  });
});
