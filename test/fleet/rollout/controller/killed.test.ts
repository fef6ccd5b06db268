import { asyncProperty, assert, integer, array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runWithKills } from '../../../support/kill-controllers.ts';

/** A small fleet; test/rollout kills the controller of a hundred devices at every one of its writes. */
const options = { devices: 12, waveEnds: [1, 2, 4, 7, 12], policy: { maxInProgress: 4, bake: 2 } } as const;

describe('a controller that is killed', () => {
  it('at any write leaves a rollout that another brings to the same end', async () => {
    const { ending, problems, looks } = await runWithKills(options, []);
    expect([problems, ending.phase]).toEqual([[], 'completed']);
    for (let kill = 1; kill <= looks; kill += 7) {
      const run = await runWithKills(options, [kill]);
      expect(run.problems, `killed at ${kill}`).toEqual([]);
      expect(run.ending, `killed at ${kill}`).toEqual(ending);
    }
  });

  it('again and again does no harm either', async () => {
    const { ending } = await runWithKills(options, []);
    await assert(
      asyncProperty(array(integer({ min: 1, max: 80 }), { minLength: 2, maxLength: 6 }), async (kills) => {
        const run = await runWithKills(options, kills);
        expect(run.problems).toEqual([]);
        expect(run.ending).toEqual(ending);
      }),
      { numRuns: 10 },
    );
  });
});
