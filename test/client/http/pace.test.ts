import { describe, expect, test } from 'vitest';
import { createPace, type WaitEvent } from '../../../src/client/http/pace.ts';
import { fakeClock } from '../../support/fake-clock.ts';

const registry = { operation: 'registry', cost: 100 } as const;

function setUp(profile: Parameters<typeof createPace>[0]) {
  const clock = fakeClock();
  const told: WaitEvent[] = [];
  const pace = createPace(profile, { clock, random: () => 0, onWait: (event) => told.push(event) });
  return { clock, told, pace };
}

async function isDone(promise: Promise<void> | undefined): Promise<boolean> {
  const pending = Symbol('pending');
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
}

describe('the rate of bulk work', () => {
  test('when the hub is of iotctl and no tier is given, then nothing ever waits', () => {
    const { pace } = setUp({ kind: 'local' });
    for (let count = 0; count < 1_000; count++) expect(pace.admit(registry)).toBeUndefined();
  });

  test('when the hub is in the cloud, then a minute of S1 goes at once and the next waits for its minute', async () => {
    const { pace, clock, told } = setUp({ kind: 'cloud' });
    expect(pace.admit(registry)).toBeUndefined();
    const next = pace.admit(registry);
    await clock.advance(59_000);
    expect(await isDone(next)).toBe(false);
    await clock.advance(1_000);
    expect(await isDone(next)).toBe(true);
    expect(told).toEqual([{ cause: 'rate', operation: 'registry', waitMs: 60_000 }]);
  });

  test('when the profile names more units or a larger tier, then more goes at once', () => {
    const units = setUp({ kind: 'cloud', tier: 'S1', units: 3 }).pace;
    expect([1, 2, 3].map(() => units.admit(registry))).toEqual([undefined, undefined, undefined]);
    expect(units.admit(registry)).toBeInstanceOf(Promise);
    const large = setUp({ kind: 'cloud', tier: 'S3' }).pace;
    for (let count = 0; count < 50; count++) expect(large.admit(registry)).toBeUndefined();
    expect(large.admit(registry)).toBeInstanceOf(Promise);
  });

  test('when one kind of work waits, then another does not', () => {
    const { pace } = setUp({ kind: 'cloud' });
    void pace.admit(registry);
    expect(pace.admit(registry)).toBeInstanceOf(Promise);
    expect(pace.admit({ operation: 'query', cost: 1 })).toBeUndefined();
  });

  test('when many wait behind each other, then a person is told about every five seconds of it, not for each', async () => {
    const { pace, told } = setUp({ kind: 'cloud' });
    for (let count = 0; count < 100; count++) void pace.admit({ operation: 'twin-update', cost: 10 });
    expect(told.map(({ waitMs }) => waitMs)).toEqual([2_000, 7_000, 12_000, 17_000]);
  });
});

describe('a hub that refuses for load', () => {
  test('when it asked to wait, then all work of that kind waits and it is told once', async () => {
    const { pace, clock, told } = setUp({ kind: 'local' });
    pace.hold('registry', 8_000);
    pace.hold('registry', 8_000);
    const waiting = pace.admit({ operation: 'registry', cost: 1 });
    await clock.advance(7_999);
    expect(await isDone(waiting)).toBe(false);
    await clock.advance(1);
    expect(await isDone(waiting)).toBe(true);
    expect(told).toEqual([{ cause: 'hub', operation: 'registry', waitMs: 8_000 }]);
  });

  test('when the wait is given up, then it ends with the reason', async () => {
    const { pace } = setUp({ kind: 'local' });
    pace.hold('query', 8_000);
    const stop = new AbortController();
    const waiting = pace.admit({ operation: 'query', cost: 1 }, stop.signal);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
});
