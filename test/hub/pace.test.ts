import { expect, test } from 'vitest';
import { Pace, Paces } from '../../src/hub/pace.ts';
import { fakeClock } from '../support/fake-clock.ts';

function bench(limits: { messagesPerSecond?: number; bytesPerSecond?: number; turnBytes?: number }) {
  const clock = fakeClock();
  let [proceeded, slowed] = [0, 0];
  const paces = new Paces({ limits: { turnBytes: 1_000_000, ...limits }, clock, onSlowed: () => void slowed++ });
  const whom = { proceed: () => void proceeded++ };
  return { clock, paces, pace: new Pace(paces), whom, proceeded: () => proceeded, slowed: () => slowed };
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test('a connection that has used up its second rests until the next one, and others do not', async () => {
  const { clock, paces, pace, whom, proceeded, slowed } = bench({ messagesPerSecond: 100 });
  const other = new Pace(paces);
  pace.count(99, 0, whom);
  expect(pace.resting).toBe(false);
  pace.count(1, 0, whom);
  other.count(50, 0, whom);
  expect([pace.resting, other.resting, slowed()]).toEqual([true, false, 1]);
  await clock.advance(1_000);
  expect([pace.resting, proceeded()]).toEqual([false, 1]);
});

test('what was too much at once is taken from the seconds that follow', async () => {
  const { clock, pace, whom } = bench({ bytesPerSecond: 1_000 });
  pace.count(0, 3_500, whom);
  const rested: boolean[] = [];
  for (let second = 0; second < 4; second++) {
    rested.push(pace.resting);
    await clock.advance(1_000);
  }
  expect(rested).toEqual([true, true, true, false]);
});

test.each([7, 650])(
  'over a long time nobody gets more than its rate, also when %i messages come at once',
  async (atOnce) => {
    const { clock, pace, whom } = bench({ messagesPerSecond: 100 });
    let taken = 0;
    for (let step = 0; step < 1_600; step++) {
      if (!pace.resting) {
        pace.count(atOnce, 0, whom);
        taken += atOnce;
      }
      await clock.advance(25);
    }
    expect(taken).toBeGreaterThan(3_600);
    expect(taken).toBeLessThanOrEqual(4_000 + atOnce);
  },
);

test('a connection that has had its turn lets the others go first', async () => {
  const { pace, whom, proceeded } = bench({ turnBytes: 1_000 });
  pace.count(0, 999, whom);
  expect(pace.resting).toBe(false);
  pace.count(0, 1, whom);
  expect(pace.resting).toBe(true);
  await turn();
  expect([pace.resting, proceeded()]).toEqual([false, 1]);
  await turn();
  pace.count(0, 999, whom);
  expect(pace.resting).toBe(false);
});
