import { beforeEach, expect, it } from 'vitest';
import { createRetentionClock } from '../../../src/hub/core/retention-clock.ts';
import { fakeClock, type FakeClock } from '../../support/fake-clock.ts';

const minute = 60_000;
const hour = 60 * minute;
const year = 365 * 24 * hour;
let clock: FakeClock;
let offset: number;
let now: () => number;

beforeEach(() => {
  clock = fakeClock(0);
  offset = 0;
  now = createRetentionClock({ ...clock, now: () => clock.now() + offset });
});

it('when the wall clock goes on as time does, or is corrected a little, then it is the time', async () => {
  await clock.advance(minute);
  expect(now()).toBe(minute);
  offset = 2 * minute;
  expect(now()).toBe(3 * minute);
  offset = -minute;
  expect(now()).toBe(0);
});

it('when the wall clock jumps a year on and comes back, then nothing has aged by it', async () => {
  await clock.advance(minute);
  offset = year;
  for (let minutes = 0; minutes < 30; minutes++) {
    expect(now()).toBe(clock.now());
    await clock.advance(minute);
  }
  offset = 0;
  expect(now()).toBe(clock.now());
});

it('when the wall clock jumps and stays, as after a start without the right time, then it counts after an hour', async () => {
  offset = year;
  for (let minutes = 0; minutes < 60; minutes++) {
    expect(now()).toBe(clock.now());
    await clock.advance(minute);
  }
  expect(now()).toBe(clock.now() + year);
  await clock.advance(minute);
  expect(now()).toBe(clock.now() + year);
});

it('when the wall clock is set back, then that counts at once: nothing is removed too early by it', () => {
  offset = -hour;
  expect(now()).toBe(-hour);
});
