import { afterAll, beforeAll, expect, test } from 'vitest';
import { killedAgent, straceProblem, type KilledAgent } from '../device/firmware/killed-agent.ts';
import { oldImage, sha256 } from '../device/firmware/memory-device.ts';

const problem = straceProblem();
const why = problem === undefined ? '' : ` (skipped: ${problem})`;
let agent: KilledAgent;
beforeAll(async () => {
  agent = await killedAgent();
});
afterAll(() => agent.close());

/** No update makes as many calls; it only keeps a mistake here from running for ever. */
const mostCalls = 2_000;
/** Machines that are killed side by side. */
const atOnce = 4;

test.skipIf(problem !== undefined).each(['passes', 'fails'] as const)(
  `an agent killed at every write, rename and sync of an update whose self-test %s always has a firmware that boots${why}`,
  async (selfTest) => {
    const old = sha256(oldImage);
    const fresh = sha256(agent.image);
    const ends = new Map<string, number>();
    let calls = 0;
    for (let isOver = false; !isOver && calls < mostCalls; calls += atOnce) {
      const batch = Array.from({ length: atOnce }, (_, index) => calls + 1 + index);
      const aftermaths = await Promise.all(batch.map((call) => agent.killAt(call, { selfTest })));
      for (const [index, { bootable, final, report, seqs }] of aftermaths.entries()) {
        const where = `killed at call ${batch[index]}`;
        expect([undefined, old, fresh], where).toContain(bootable);
        expect(report?.digest, where).toBe(final);
        const end = [report?.state, report?.code].filter((part) => typeof part === 'string').join(' ');
        ends.set(end, (ends.get(end) ?? 0) + 1);
        expect(final, where).toBe(report?.state === 'confirmed' ? fresh : old);
        expect(selfTest === 'passes' ? 'confirmed' : 'reverted self-test-failed', where).toBe(end);
        expect(seqs, where).toEqual([...new Set(seqs)].toSorted((a, b) => a - b));
      }
      isOver = aftermaths.some(({ wasKilled }) => !wasKilled);
    }
    expect(calls).toBeGreaterThan(50);
    expect(calls).toBeLessThan(mostCalls);
    // oxlint-disable-next-line no-console
    console.log(
      `killed at each of about ${calls} calls: ${[...ends].map(([end, count]) => `${count} ${end}`).join(', ')}`,
    );
  },
  1_800_000,
);
