import { describe, expect, it } from 'vitest';
import { Failure } from '../../../../src/errors/index.ts';
import {
  changeIntent,
  createRollout,
  findRollout,
  listRollouts,
  readAudit,
  readPlan,
  readRollout,
  recordNames,
} from '../../../../src/fleet/rollout/records/index.ts';
import { collect, failureOf } from '../../../support/memory-hub.ts';
import { memoryRecords } from '../../../support/memory-records.ts';
import { sampleFirmware, samplePlan } from '../../../support/sample-plan.ts';

const asked = { actor: 'ada', now: Date.UTC(2026, 0, 1) };
const note = { at: '2026-01-01T00:00:00.000Z', actor: 'ada', action: 'paused', details: {} };

describe('the records of a rollout', () => {
  it('give back the plan they were made from, also one of many records', async () => {
    const records = memoryRecords();
    const plan = samplePlan(30_000, [5, 3_000, 30_000]);
    await createRollout(records, plan, asked);
    const { header, intent, state } = await readRollout(records, 'pump-2');
    expect(header.parts).toBeGreaterThan(2);
    expect(await readPlan(records, 'pump-2', header)).toEqual(plan);
    expect(state).toBeUndefined();
    expect(intent.paused).toBe(false);
  });

  it('attach to the same rollout, and refuse another one under its id', async () => {
    const records = memoryRecords();
    const firmware = sampleFirmware();
    const plan = samplePlan(10, [2, 10], { firmware });
    expect(await createRollout(records, plan, asked)).toMatchObject({ outcome: 'created' });
    expect(await createRollout(records, plan, { ...asked, now: asked.now + 1 })).toMatchObject({ outcome: 'attached' });
    const other = samplePlan(10, [5, 10], { firmware });
    expect((await failureOf(createRollout(records, other, asked))).code).toBe('conflict');
    const patched = samplePlan(10, [2, 10], { firmware: sampleFirmware({ releaseCounter: 3 }) });
    expect((await failureOf(createRollout(records, patched, asked))).code).toBe('conflict');
  });

  it('are no rollout while its making was cut off, and become one when it is made again', async () => {
    const plan = samplePlan(5);
    for (let cut = 0; ; cut++) {
      const records = memoryRecords();
      let writes = 0;
      const cutting = {
        ...records,
        write: async (...request: Parameters<typeof records.write>) => {
          if (writes++ === cut) throw new Failure('hub-unreachable', 'cut');
          return records.write(...request);
        },
      };
      const outcome = await createRollout(cutting, plan, asked).catch(() => undefined);
      if (outcome !== undefined) break;
      const found = await findRollout(records, 'pump-2');
      if (found !== undefined) expect(await readPlan(records, 'pump-2', found.header)).toEqual(plan);
      await createRollout(records, plan, asked);
      const { header } = await readRollout(records, 'pump-2');
      expect(await readPlan(records, 'pump-2', header)).toEqual(plan);
    }
  });

  it('say who was first when two make the same rollout with different plans at once', async () => {
    const records = memoryRecords();
    const firmware = sampleFirmware();
    const [left, right] = [samplePlan(10, [10], { firmware }), samplePlan(20, [20], { firmware })];
    const results = await Promise.allSettled([
      createRollout(records, left, asked),
      createRollout(records, right, asked),
    ]);
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const { header } = await readRollout(records, 'pump-2');
    expect(await readPlan(records, 'pump-2', header)).toEqual(header.devices === 10 ? left : right);
  });

  it('are listed without plans and audits', async () => {
    const records = memoryRecords();
    for (const id of ['b', 'a', 'a-2']) await createRollout(records, samplePlan(3, [3], { id }), asked);
    await records.write('rollouts/half/lease', { holder: 'x', fence: 1, beat: 1, ttlMs: 1 });
    expect((await collect(listRollouts(records))).map(({ id }) => id)).toEqual(['a-2', 'a', 'b']);
  });

  it('that are not understood end a list, or are told of', async () => {
    const records = memoryRecords();
    for (const id of ['a', 'b']) await createRollout(records, samplePlan(3, [3], { id }), asked);
    await records.write(recordNames('a').state, { format: 2 });
    expect((await failureOf(collect(listRollouts(records)))).code).toBe('data-unusable');
    const unreadable: string[] = [];
    const found = await collect(listRollouts(records, { onUnreadable: (id) => unreadable.push(id) }));
    expect([found.map(({ id }) => id), unreadable]).toEqual([['b'], ['a']]);
  });

  it('refuse what is no id, and know a rollout that is not there', async () => {
    const records = memoryRecords();
    expect((await failureOf(readRollout(records, '../x'))).code).toBe('invalid-value');
    expect((await failureOf(readRollout(records, 'pump-9'))).code).toBe('rollout-not-found');
  });
});

describe('changing what is asked of a rollout', () => {
  it('keeps the changes of both when two change it at once, with an entry for each', async () => {
    const records = memoryRecords();
    await createRollout(records, samplePlan(3), asked);
    await Promise.all(
      [0, 1, 2, 3].map((wave) =>
        changeIntent(records, 'pump-2', {
          note: { ...note, action: 'approved', details: { wave } },
          change: ({ intent }) => ({ ...intent, approved: [...intent.approved, wave] }),
        }),
      ),
    );
    const { intent } = await readRollout(records, 'pump-2');
    expect(new Set(intent.approved)).toEqual(new Set([0, 1, 2, 3]));
    const entries = (await collect(readAudit(records, 'pump-2'))).flat();
    expect(entries.map(({ action }) => action)).toEqual(['created', 'approved', 'approved', 'approved', 'approved']);
  });

  it('writes nothing when it is so already', async () => {
    const records = memoryRecords();
    await createRollout(records, samplePlan(3), asked);
    const before = records.names();
    expect(await changeIntent(records, 'pump-2', { note, change: () => undefined })).toMatchObject({ changed: false });
    expect(records.names()).toEqual(before);
  });
});
