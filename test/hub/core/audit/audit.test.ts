import { expect, test } from 'vitest';
import { createAudit } from '../../../../src/hub/core/audit/audit.ts';
import { openRegistryStore } from '../../../../src/hub/store/sqlite/index.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

const hour = 3_600_000;
const day = 24 * hour;

test('when the wall clock is wrong for a moment as the audit is pruned, then nothing is lost; when it stays, then it ages', async () => {
  const clock = fakeClock();
  let ahead = 0;
  const registry = await openRegistryStore({ file: ':memory:' });
  const store = registry.audit;
  const prunes: Promise<number>[] = [];
  const audit = createAudit({
    store: {
      append: (notes) => store.append(notes),
      read: (page) => store.read(page),
      ends: () => store.ends(),
      async prune(retention) {
        const pruned = store.prune(retention);
        prunes.push(pruned);
        return pruned;
      },
    },
    clock: { ...clock, now: () => clock.now() + ahead },
    onError(error) {
      throw error;
    },
  });
  const caller = { source: 'policy owner', result: 'accepted' } as const;
  for (const event of ['keys.read', 'enrollment.keys-read', 'command.invoke'] as const)
    await audit.demand({ ...caller, event });
  for (const days of [500, 0, 500, 500]) {
    ahead = days * day;
    await clock.advance(hour);
  }
  expect(await Promise.all(prunes)).toEqual([0, 0, 0, 0, 2]);
  await audit.close();
  await registry.close();
});
