import { describe, expect, test } from 'vitest';
import { Failure, isFailure } from '../../../../src/errors/index.ts';
import type { GateState } from '../../../../src/fleet/rollout/model/record.ts';
import { changesOf, followRollout, progressOf } from '../../../../src/fleet/rollout/operate/index.ts';
import { createRollout, recordNames } from '../../../../src/fleet/rollout/records/index.ts';
import type { JsonObject } from '../../../../src/std/json.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { memoryRecords } from '../../../support/memory-records.ts';
import { samplePlan } from '../../../support/sample-plan.ts';
import { sampleStart, sampleStatus, type SampleStatus } from '../../../support/sample-status.ts';

const gate = (verdict?: GateState['verdict']): GateState => ({
  name: 'errors',
  dryRun: false,
  measured: 1,
  failed: 0,
  inconclusive: 0,
  last: { at: 0, value: 0.99, verdict: 'pass' },
  ...(verdict && { verdict }),
});
const open = { openedAt: sampleStart, gates: [gate()] };
const closed = { ...open, closedAt: sampleStart + 1, gates: [gate('pass')] };
const kinds = (before: SampleStatus | undefined, after: SampleStatus): string[] =>
  changesOf(before && sampleStatus(before), sampleStatus(after), sampleStart).map(({ kind }) => kind);

const halted = (wave: number): SampleStatus => ({ state: { phase: 'paused', halt: { kind: 'approval', wave } } });

async function hubWithRollout() {
  const records = memoryRecords();
  await createRollout(records, samplePlan(10), { actor: 'mara', now: 0 });
  const write = async (change: SampleStatus['state']): Promise<void> => {
    const state = { ...sampleStatus({ waveEnds: [10] }).state, ...change } as unknown as JsonObject;
    await records.write(recordNames('pump-2').state, { format: 1, state });
  };
  return { records, write };
}

describe('changes between two looks', () => {
  test('tell at the first look what there is', () => {
    expect(kinds(undefined, { notBegun: true })).toEqual(['controller']);
    expect(kinds(undefined, { state: { waves: [closed, open] } })).toEqual([
      'controller',
      'wave-opened',
      'gate',
      'wave-closed',
      'wave-opened',
      'phase',
    ]);
  });

  test('tell nothing twice', () => {
    const same: SampleStatus = { state: { waves: [closed, open] }, summary: { failuresByCode: { stalled: 2 } } };
    expect(kinds(same, same)).toEqual([]);
  });

  test('tell verdicts, waves and failures in the order in which they happen', () => {
    const [first, second] = [{ state: { waves: [open] } }, { state: { waves: [closed, open] } }];
    expect(kinds(first, second)).toEqual(['gate', 'wave-closed', 'wave-opened']);
    const more = changesOf(
      sampleStatus({ summary: { failuresByCode: { stalled: 2 } } }),
      sampleStatus({ summary: { failuresByCode: { stalled: 5, 'reboot-timeout': 1 } } }),
      sampleStart,
    );
    expect(more).toMatchObject([
      { kind: 'failures', code: 'stalled', count: 5, more: 3 },
      { kind: 'failures', code: 'reboot-timeout', count: 1, more: 1 },
    ]);
  });

  test('tell another reason of a halt', () => {
    expect(kinds({}, halted(1))).toEqual(['phase']);
    expect(kinds(halted(1), halted(2))).toEqual(['phase']);
  });

  test('progress is told of what a controller has looked at', () => {
    expect(progressOf(sampleStatus({ notBegun: true }), 0)).toEqual([]);
    expect(progressOf(sampleStatus(), sampleStart)).toMatchObject([{ kind: 'progress', devices: 1_000 }]);
  });
});

describe('following a rollout', () => {
  test('ends with the look at its end', async () => {
    const { records, write } = await hubWithRollout();
    const clock = fakeClock();
    const looks = followRollout({ records }, 'pump-2', { clock, intervalMs: 1_000 });
    const phase = async (next: ReturnType<typeof looks.next>): Promise<string | undefined> => {
      const { value } = await next;
      return value === undefined ? undefined : (value.status.state?.phase ?? 'none');
    };
    expect(await phase(looks.next())).toBe('none');
    await write({ phase: 'completed' });
    const second = phase(looks.next());
    await clock.advance(1_000);
    expect(await second).toBe('completed');
    expect(await phase(looks.next())).toBeUndefined();
  });

  test('goes on while the hub is away, and says so', async () => {
    const { records } = await hubWithRollout();
    const clock = fakeClock();
    let away = false;
    const flaky: typeof records = {
      ...records,
      read: async (name) => {
        if (away) throw new Failure('hub-unreachable', 'cannot connect', { retryable: true });
        return records.read(name);
      },
    };
    const looks = followRollout({ records: flaky }, 'pump-2', { clock, intervalMs: 1_000 });
    const look = async () => {
      const next = looks.next();
      await clock.advance(1_000);
      return (await next).value;
    };
    expect((await look())?.trouble).toBeUndefined();
    away = true;
    expect((await look())?.trouble?.code).toBe('hub-unreachable');
    expect((await look())?.leaseUnchangedMs).toBeGreaterThan(1_000);
    away = false;
    expect((await look())?.trouble).toBeUndefined();
    await looks.return();
  });

  test('of a rollout that is not there fails at once', async () => {
    const { records } = await hubWithRollout();
    const looks = followRollout({ records }, 'nope', { clock: fakeClock(), intervalMs: 1_000 });
    const thrown: unknown = await looks.next().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(isFailure(thrown, 'rollout-not-found')).toBe(true);
  });
});
