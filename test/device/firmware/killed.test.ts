import { afterAll, beforeAll, expect, test } from 'vitest';
import { killedAgent, straceProblem, type KilledAgent } from './killed-agent.ts';
import { oldImage, sha256 } from './memory-device.ts';

const problem = straceProblem();
let agent: KilledAgent;
beforeAll(async () => {
  agent = await killedAgent();
});
afterAll(() => agent.close());

// One moment; `npm run test:rollout` has them all.
test.skipIf(problem !== undefined)(
  `an agent killed in the middle of an update starts again and ends it${problem === undefined ? '' : ` (${problem})`}`,
  async () => {
    const { bootable, final, report, seqs } = await agent.killAt(23);
    expect([undefined, sha256(oldImage), sha256(agent.image)]).toContain(bootable);
    expect(final).toBe(sha256(agent.image));
    expect(report).toMatchObject({ state: 'confirmed', digest: sha256(agent.image) });
    expect(seqs).toEqual([...new Set(seqs)].toSorted((a, b) => a - b));
  },
  60_000,
);
