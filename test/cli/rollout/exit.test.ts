import { describe, expect, test } from 'vitest';
import { exitCodeOf, failureOf } from '../../../src/cli/rollout/exit.ts';
import type { HaltReason } from '../../../src/fleet/rollout/model/record.ts';
import { hasEnded, standingOf } from '../../../src/fleet/rollout/operate/index.ts';
import { sampleStatus, type SampleStatus } from '../../support/sample-status.ts';

const paused = (halt: HaltReason, more: SampleStatus = {}): SampleStatus => ({
  ...more,
  state: { phase: 'paused', halt, ...more.state },
});
const byLimit: HaltReason = { kind: 'failure-limit', decided: 40, failures: 3 };
const gate = (kind: 'gate-failed' | 'gate-inconclusive'): HaltReason => ({ kind, wave: 1, gate: 'errors' });

/** What a rollout is like, how it stands, and what --wait exits with; undefined goes on waiting. */
const table: readonly (readonly [what: string, status: SampleStatus, standing: string, exit: number | undefined])[] = [
  ['no controller has looked at it', { notBegun: true }, 'going', undefined],
  ['it runs', {}, 'going', undefined],
  ['a pause is asked for and not followed yet', { intent: { paused: true } }, 'going', undefined],
  ['completed', { state: { phase: 'completed' } }, 'completed', 0],
  ['aborting', { state: { phase: 'aborting' } }, 'going', undefined],
  ['aborted', { state: { phase: 'aborted' } }, 'aborted', 8],
  ['reverting', { state: { phase: 'reverting' } }, 'going', undefined],
  ['reverted', { state: { phase: 'reverted' } }, 'reverted', 8],
  [
    'completed, and to be reverted',
    { state: { phase: 'completed' }, intent: { ending: 'revert' } },
    'going',
    undefined,
  ],
  ['beyond its failure limit', paused(byLimit), 'halted', 8],
  ['a gate failed', paused(gate('gate-failed')), 'halted', 8],
  ['a gate came to no verdict', paused(gate('gate-inconclusive')), 'needs-person', 10],
  ['waits for approval', paused({ kind: 'approval', wave: 2 }), 'needs-person', 10],
  ['paused by an operator', paused({ kind: 'operator' }, { intent: { paused: true } }), 'needs-person', 10],
  ['nobody reached', paused({ kind: 'wave-unreached', wave: 0 }), 'needs-person', 10],
  ['trouble of the hub', paused({ kind: 'trouble', message: 'disk full' }), 'needs-person', 10],
  ['resumed by an operator', paused({ kind: 'operator' }), 'going', undefined],
  ['resumed after the limit', paused(byLimit, { intent: { resumes: 1 } }), 'going', undefined],
  ['halted again after a resume', paused(byLimit, { intent: { resumes: 1 }, state: { resumes: 1 } }), 'halted', 8],
  ['promoted', paused(gate('gate-failed'), { intent: { promoted: [1] } }), 'going', undefined],
  ['another wave promoted', paused(gate('gate-failed'), { intent: { promoted: [0] } }), 'halted', 8],
  ['approved', paused({ kind: 'approval', wave: 2 }, { intent: { approved: [2] } }), 'going', undefined],
  [
    'approved, but paused',
    paused({ kind: 'approval', wave: 2 }, { intent: { approved: [2], paused: true } }),
    'needs-person',
    10,
  ],
  ['halted, and to be aborted', paused(byLimit, { intent: { ending: 'abort' } }), 'going', undefined],
];

describe('what --wait ends with', () => {
  test.each(table)('%s', (_, change, standing, exit) => {
    const status = sampleStatus(change);
    const found = standingOf(status.intent, status.state);
    expect(found).toBe(standing);
    expect(exitCodeOf(found)).toBe(exit);
    expect(failureOf(found, status)?.exitCode).toBe(exit === 0 ? undefined : exit);
  });

  test('the failure says why, and which commands help', () => {
    const status = sampleStatus(paused(byLimit, { policy: { failureLimit: { rate: '2%' } } }));
    const failure = failureOf('halted', status);
    expect(failure?.code).toBe('rollout-halted');
    expect(failure?.message).toBe('rollout pump-2 is paused: 3 of 40 failed (7.5%), limit 2%');
    expect(failure?.hint).toContain('iotctl rollout resume pump-2');
    expect(failure?.details).toMatchObject({ rollout: 'pump-2', phase: 'paused', halt: { kind: 'failure-limit' } });
  });

  test('a rollout has ended when nothing more will happen', () => {
    expect(hasEnded(sampleStatus({ notBegun: true }))).toBe(false);
    expect(hasEnded(sampleStatus({ state: { phase: 'completed' } }))).toBe(true);
    expect(hasEnded(sampleStatus({ state: { phase: 'aborted' }, intent: { ending: 'abort' } }))).toBe(true);
    expect(hasEnded(sampleStatus({ state: { phase: 'completed' }, intent: { ending: 'revert' } }))).toBe(false);
  });
});
