import { describe, expect, test } from 'vitest';
import { isFailure } from '../../../../src/errors/index.ts';
import type { HaltReason } from '../../../../src/fleet/rollout/model/record.ts';
import { askRollout, waveFor, withWish, type Wish } from '../../../../src/fleet/rollout/operate/index.ts';
import { createRollout, readAudit, readRollout, verifyAudit } from '../../../../src/fleet/rollout/records/index.ts';
import { memoryRecords } from '../../../support/memory-records.ts';
import { samplePlan } from '../../../support/sample-plan.ts';
import { sampleStatus, type SampleStatus } from '../../../support/sample-status.ts';

const approval = { waves: [5, { size: 100 }, { size: 1_000, approval: true }] };
const paused = (halt: HaltReason, summary: SampleStatus['summary'] = {}): SampleStatus => ({
  state: { phase: 'paused', halt },
  summary,
});
const ask = (wish: Wish, change: SampleStatus = {}) => withWish(sampleStatus(change), wish);

describe('a wish', () => {
  test('to pause is one only once', () => {
    expect(ask({ kind: 'pause' })).toMatchObject({ paused: true });
    expect(ask({ kind: 'pause' }, { intent: { paused: true } })).toBeUndefined();
  });

  test('to resume lifts a pause and forgives nothing', () => {
    const intent = ask(
      { kind: 'resume' },
      { ...paused({ kind: 'operator' }, { decided: 9, failures: 1 }), intent: { paused: true } },
    );
    expect(intent).toMatchObject({ paused: false, resumes: 1 });
    expect(intent?.pardoned).toBeUndefined();
  });

  test('to resume beyond the failure limit forgives what has failed up to now', () => {
    const halted = paused({ kind: 'failure-limit', decided: 40, failures: 3 }, { decided: 44, failures: 4 });
    expect(ask({ kind: 'resume' }, halted)).toMatchObject({ resumes: 1, pardoned: { decided: 44, failures: 4 } });
    expect(ask({ kind: 'resume' }, { ...halted, intent: { resumes: 1 } })).toBeUndefined();
  });

  test('to resume what runs changes nothing', () => {
    expect(ask({ kind: 'resume' })).toBeUndefined();
  });

  test('to resume what waits for an approval is answered with what helps', () => {
    expect(() => ask({ kind: 'resume' }, paused({ kind: 'approval', wave: 2 }))).toThrow(/approval of wave 3/);
  });

  test('for a wave is one for the wave that waits', () => {
    const status = sampleStatus({ policy: approval });
    expect(waveFor('approve', status)).toBe(2);
    expect(waveFor('promote', status)).toBe(0);
    const failed = sampleStatus(paused({ kind: 'gate-failed', wave: 0, gate: 'errors' }));
    expect(waveFor('promote', failed)).toBe(0);
    expect(() => waveFor('approve', sampleStatus())).toThrow(/no wave of rollout pump-2 needs an approval/);
  });

  test('to approve has to be for a wave that there is and that needs it', () => {
    expect(ask({ kind: 'approve', wave: 2 }, { policy: approval })).toMatchObject({ approved: [2] });
    expect(ask({ kind: 'approve', wave: 2 }, { policy: approval, intent: { approved: [2] } })).toBeUndefined();
    expect(() => ask({ kind: 'approve', wave: 1 }, { policy: approval })).toThrow(
      /wave 2 of rollout pump-2 needs no approval/,
    );
    expect(() => ask({ kind: 'approve', wave: 7 }, { policy: approval })).toThrow(/has no wave 8/);
  });

  test('to approve again is no error, also when all is over: pipelines are run again', () => {
    const ended: SampleStatus = { policy: approval, intent: { approved: [2] }, state: { phase: 'completed' } };
    expect(ask({ kind: 'approve', wave: 2 }, ended)).toBeUndefined();
    expect(() => ask({ kind: 'approve', wave: 2 }, { ...ended, intent: {} })).toThrow(/can no longer be approved/);
  });

  test('to end is final', () => {
    expect(ask({ kind: 'abort' })).toMatchObject({ ending: 'abort' });
    expect(ask({ kind: 'abort' }, { intent: { ending: 'abort' } })).toBeUndefined();
    expect(() => ask({ kind: 'resume' }, { intent: { ending: 'abort' } })).toThrow(/cannot go on/);
    expect(ask({ kind: 'revert' }, { intent: { ending: 'abort' } })).toMatchObject({ ending: 'revert' });
    expect(() => ask({ kind: 'abort' }, { intent: { ending: 'revert' } })).toThrow(/being reverted already/);
  });

  test('after the end is refused, except to bring everything back', () => {
    const ended: SampleStatus = { state: { phase: 'completed' } };
    const wishes: Wish[] = [
      { kind: 'pause' },
      { kind: 'resume' },
      { kind: 'abort' },
      { kind: 'promote', wave: 0 },
      { kind: 'retry', devices: [] },
    ];
    for (const wish of wishes) expect(() => ask(wish, ended), wish.kind).toThrow(/pump-2 is completed/);
    expect(ask({ kind: 'revert' }, ended)).toMatchObject({ ending: 'revert' });
    expect(() => ask({ kind: 'revert' }, { state: { phase: 'reverted' } })).toThrow(/reverted already/);
  });

  test('to try again replaces an older one for the same device', () => {
    const first = ask({ kind: 'retry', devices: [{ deviceId: 'pump-1', attempt: 3 }] });
    expect(first?.retries).toEqual([{ deviceId: 'pump-1', attempt: 3 }]);
    const intent = { retries: first?.retries ?? [] };
    expect(ask({ kind: 'retry', devices: intent.retries }, { intent })).toBeUndefined();
    expect(ask({ kind: 'retry', devices: [{ deviceId: 'pump-1', attempt: 4 }] }, { intent })?.retries).toEqual([
      { deviceId: 'pump-1', attempt: 4 },
    ]);
  });
});

describe('two operators at once', () => {
  test('both have their way, and the audit knows both', async () => {
    const records = memoryRecords();
    const plan = samplePlan(10, [5, 10], { policy: { waves: [5, { size: 10, approval: true }] } });
    await createRollout(records, plan, { actor: 'mara', now: 0 });
    const wishes: readonly (readonly [string, Wish])[] = [
      ['mara', { kind: 'pause' }],
      ['jon', { kind: 'approve', wave: 1 }],
      ['ada', { kind: 'promote', wave: 0 }],
    ];
    const changed = await Promise.all(
      wishes.map(([actor, wish]) => askRollout({ records }, 'pump-2', wish, { actor, now: 0 })),
    );
    expect(changed.map((each) => each.changed)).toEqual([true, true, true]);
    const { intent } = await readRollout(records, 'pump-2');
    expect(intent).toMatchObject({ paused: true, approved: [1], promoted: [0] });
    const entries = [];
    for await (const lot of readAudit(records, 'pump-2')) entries.push(...lot);
    // Waves from 1, as whoever drives counts them there too.
    expect(
      entries.map(({ actor, action, details: { wave } }) => `${actor} ${action} ${Number(wave)}`).toSorted(),
    ).toEqual(['ada promote 1', 'jon approve 2', 'mara created NaN', 'mara pause NaN']);
    expect((await verifyAudit(records, 'pump-2')).problems).toEqual([]);
  });

  test('of whom one aborts and one resumes, the abort stands', async () => {
    const records = memoryRecords();
    await createRollout(records, samplePlan(10), { actor: 'mara', now: 0 });
    await askRollout({ records }, 'pump-2', { kind: 'pause' }, { actor: 'mara', now: 0 });
    const [abort, resume] = await Promise.allSettled([
      askRollout({ records }, 'pump-2', { kind: 'abort' }, { actor: 'mara', now: 0 }),
      askRollout({ records }, 'pump-2', { kind: 'resume' }, { actor: 'jon', now: 0 }),
    ]);
    expect(abort.status).toBe('fulfilled');
    if (resume.status === 'rejected') expect(isFailure(resume.reason, 'conflict')).toBe(true);
    expect((await readRollout(records, 'pump-2')).intent.ending).toBe('abort');
  });
});
