import { describe, expect, it } from 'vitest';
import { runWithKills } from '../support/kill-controllers.ts';

const options = { devices: 100, waveEnds: [2, 10, 30, 60, 100], policy: { maxInProgress: 20 } } as const;
const withFaults = {
  ...options,
  faults: 'revert=5%,offline=10%',
  policy: { ...options.policy, failureLimit: { count: 100 } },
};

/** Runs share a process; each part is its own test, so that progress is seen. */
const parts = 8;

describe('the controller of 100 devices in 5 waves', () => {
  const whole = runWithKills(options, []);

  it('brings the rollout to its end', async () => {
    const { problems, ending } = await whole;
    expect([problems, ending.phase]).toEqual([[], 'completed']);
  });

  it.each(Array.from({ length: parts }, (_, part) => part + 1))(
    `killed before and after each write, part %i of ${parts}: another brings it to the same end`,
    async (part) => {
      const { ending, looks } = await whole;
      expect(looks).toBeGreaterThan(1_000);
      for (let kill = part; kill <= looks; kill += parts) {
        const run = await runWithKills(options, [kill]);
        expect(run.problems, `killed at ${kill}`).toEqual([]);
        expect(run.ending, `killed at ${kill}`).toEqual(ending);
      }
    },
  );

  it('killed every few writes, with devices that fail and devices that are away', async () => {
    for (const every of [40, 41, 97, 200]) {
      const run = await runWithKills(
        withFaults,
        Array.from({ length: 60 }, () => every),
      );
      expect(run.problems, `killed every ${every}`).toEqual([]);
      expect(run.ending.phase).toBe('completed');
    }
  });
});
