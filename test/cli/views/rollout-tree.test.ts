import { describe, expect, test } from 'vitest';
import { textWidth } from '../../../src/cli/output/text-width.ts';
import { stateBar } from '../../../src/cli/views/rollout-bar.ts';
import { rolloutLines, type RolloutFrame } from '../../../src/cli/views/rollout-tree.ts';
import { deviceStates } from '../../../src/fleet/rollout/model/observed.ts';
import type { GateState } from '../../../src/fleet/rollout/model/record.ts';
import type { RolloutChange } from '../../../src/fleet/rollout/operate/index.ts';
import * as fc from 'fast-check';
import { sampleStart, sampleStatus, type SampleStatus } from '../../support/sample-status.ts';

const minutes = 60_000;

function frame(change: SampleStatus = {}, more: Partial<RolloutFrame> = {}): RolloutFrame {
  return {
    status: sampleStatus(change),
    changes: [],
    now: sampleStart + 10 * minutes,
    leaseUnchangedMs: 2_000,
    ...more,
  };
}

function drawn(shown: RolloutFrame, columns = 80, rows = 24): string {
  return rolloutLines(shown, { columns, rows })
    .map((line) =>
      line
        .map(([text]) => text)
        .join('')
        .trimEnd(),
    )
    .join('\n');
}

const gate = (name: string, change: Partial<GateState> = {}): GateState => ({
  name,
  dryRun: false,
  measured: 1,
  failed: 0,
  inconclusive: 0,
  ...change,
});

const policy: SampleStatus['policy'] = {
  waves: [{ size: 5, name: 'canary' }, '10%', { size: '100%', approval: true }],
  failureLimit: { rate: '2%', count: 10 },
  gates: [
    { name: 'errors', twin: { where: 'x = 1' }, pass: '>= 0.98', count: 3 },
    { name: 'pressure', telemetry: { field: 'p', aggregate: 'p95' }, pass: '<= 1.1 * control', count: 3 },
  ],
};

const underWay: SampleStatus = {
  policy,
  states: [
    { succeeded: 5 },
    {
      succeeded: 31,
      baking: 12,
      trial: 6,
      downloading: 22,
      offered: 3,
      failed: 2,
      reverted: 1,
      unreached: 4,
      planned: 14,
    },
    { planned: 900 },
  ],
  summary: {
    decided: 39,
    failures: 3,
    failuresByCode: { stalled: 1, 'self-test-failed': 2 },
    blocked: { 'outside-window': 3 },
    inProgress: 43,
    offersPerMinute: 42.4,
    endsAt: sampleStart + 34 * minutes,
  },
  state: {
    waves: [
      {
        openedAt: sampleStart,
        closedAt: sampleStart + 6 * minutes,
        gates: [
          gate('errors', { verdict: 'pass', measured: 3, last: { at: 0, value: 1, verdict: 'pass' } }),
          gate('pressure', {
            verdict: 'pass',
            measured: 3,
            last: { at: 0, value: 71.234, control: 70.9, verdict: 'pass' },
          }),
        ],
      },
      {
        openedAt: sampleStart + 6 * minutes,
        gates: [gate('errors', { last: { at: 0, value: 0.991, verdict: 'pass' } }), gate('pressure', { measured: 0 })],
      },
    ],
  },
};

const story: readonly RolloutChange[] = [
  { time: '2026-11-22T04:06:00.000Z', kind: 'wave-closed', wave: 1 },
  { time: '2026-11-22T04:06:01.000Z', kind: 'wave-opened', wave: 2, devices: 95 },
  { time: '2026-11-22T04:07:00.000Z', kind: 'failures', code: 'self-test-failed', count: 2, more: 2 },
];

describe('the picture of a rollout', () => {
  test('under way', () => {
    expect(drawn(frame(underWay, { changes: story }))).toMatchInlineSnapshot(`
      "pump-2  pump@2.0.0 to 1,000 devices                  running 10m, about 24m left
      ██▓▒▒╳░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  3.6%  36/1,000
      43 in progress · 42 offers/min · 3 of 39 failed (7.6%), limit 2% or 10 devices

      ✓ 1 canary  ██████████████████████████     5/5  6m
                  └ errors    passed     1 (>= 0.98)  3/3
                  └ pressure  passed     71.23 (<= 1.1 * control, which is 70.9)  3/3
      ▶ 2 to 10%  █████████▓▓▓▒▒▒▒▒▒▒▒╳░░░░░   31/95  4m
                  14 planned, 3 offered, 22 downloading, 6 trial, 12 baking
                  31 succeeded, 1 reverted, 2 failed, 4 unreached
                  └ errors    measuring  0.991 (>= 0.98)  1/3
                  └ pressure  when all devices are decided
      ○ 3 to 100% ░░░░░░░░░░░░░░░░░░░░░░░░░░   0/900  needs approval

      failures self-test-failed 2, stalled 1
      blocked  outside-window 3
      driven by hub-a, seen 2s ago

      04:06:00  wave 1 is over
      04:06:01  wave 2 is open, 95 devices
      04:07:00  2 more failures: self-test-failed, 2 in all"
    `);
  });

  test('that was halted by its limit says what helps', () => {
    const { state, ...rest } = underWay;
    const halted = {
      ...rest,
      state: { ...state, phase: 'paused', halt: { kind: 'failure-limit', decided: 39, failures: 3 } },
    } as const;
    expect(drawn(frame(halted), 80, 40)).toMatchInlineSnapshot(`
      "pump-2  pump@2.0.0 to 1,000 devices                             paused after 10m
      ██▓▒▒╳░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  3.6%  36/1,000
      43 in progress · 42 offers/min · 3 of 39 failed (7.6%), limit 2% or 10 devices

      ✓ 1 canary  ██████████████████████████     5/5  6m
                  └ errors    passed     1 (>= 0.98)  3/3
                  └ pressure  passed     71.23 (<= 1.1 * control, which is 70.9)  3/3
      ‖ 2 to 10%  █████████▓▓▓▒▒▒▒▒▒▒▒╳░░░░░   31/95  4m
                  14 planned, 3 offered, 22 downloading, 6 trial, 12 baking
                  31 succeeded, 1 reverted, 2 failed, 4 unreached
                  └ errors    measuring  0.991 (>= 0.98)  1/3
                  └ pressure  when all devices are decided
      ○ 3 to 100% ░░░░░░░░░░░░░░░░░░░░░░░░░░   0/900  needs approval

      ‖ 3 of 39 failed (7.6%), limit 2% or 10 devices
        iotctl rollout show pump-2 --devices --failed  which devices, and why
        iotctl rollout resume pump-2                   go on, forgiving these
        iotctl rollout abort pump-2                    stop here, withdraw offers

      failures self-test-failed 2, stalled 1
      blocked  outside-window 3
      driven by hub-a, seen 2s ago"
    `);
  });

  test('that nobody has taken', () => {
    const shown = frame({ policy, notBegun: true });
    expect(drawn({ ...shown, status: { ...shown.status, lease: undefined } })).toMatchInlineSnapshot(`
      "pump-2  pump@2.0.0 to 1,000 devices                                    not begun
      ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  0%  0/1,000

      ○ 1 canary  ░░░░░░░░░░░░░░░░░░░░░░░░░░     0/5
      ○ 2 to 10%  ░░░░░░░░░░░░░░░░░░░░░░░░░░    0/95
      ○ 3 to 100% ░░░░░░░░░░░░░░░░░░░░░░░░░░   0/900  needs approval

      no controller has taken it yet"
    `);
  });

  test('that has ended', () => {
    const ended: SampleStatus = {
      waveEnds: [5, 10],
      states: [{ succeeded: 5 }, { succeeded: 4, failed: 1 }],
      summary: { decided: 10, failures: 1, failuresByCode: { stalled: 1 } },
      state: {
        phase: 'completed',
        endedAt: sampleStart + 9 * minutes,
        waves: [5, 9].map((closed) => ({ openedAt: sampleStart, closedAt: sampleStart + closed * minutes, gates: [] })),
      },
    };
    expect(drawn(frame(ended))).toMatchInlineSnapshot(`
      "pump-2  pump@2.0.0 to 10 devices                              completed after 9m
      █████████████████████████████████████████████████████████████╳╳╳╳╳╳╳  90%  9/10
      1 of 10 failed (10%), limit 5%

      ✓ 1 to 5  ██████████████████████████ 5/5  5m
      ✓ 2 to 10 █████████████████████╳╳╳╳╳ 4/5  9m

      failures stalled 1
      plan 04a6df79eac8"
    `);
  });

  test('without a sign of its controller', () => {
    expect(drawn(frame({}, { leaseUnchangedMs: 45_000 }))).toContain(
      'no sign of the controller hub-a for 45s: iotctl controller run',
    );
    expect(drawn(frame({}, { trouble: 'cannot connect' }))).toContain(
      'the hub does not answer: cannot connect; still trying',
    );
  });

  test('with more waves than rows draws those together that are over and that are to come', () => {
    const waveEnds = Array.from({ length: 30 }, (_, index) => (index + 1) * 10);
    const waves = waveEnds.slice(0, 12).map((_, index) => ({
      openedAt: sampleStart,
      ...(index < 11 && { closedAt: sampleStart + minutes }),
      gates: [],
    }));
    const text = drawn(frame({ waveEnds, state: { waves } }), 80, 16);
    expect(text).toContain('✓ waves 1 to 11 over, 110 devices');
    expect(text).toContain('○ waves 14 to 30 to come, 170 devices');
    expect(text.split('\n').length).toBeLessThan(16);
  });

  test.each([
    [80, 24],
    [120, 40],
    [40, 12],
    [20, 6],
    [200, 60],
  ])('keeps to %i columns and %i rows', (columns, rows) => {
    const lines = rolloutLines(frame(underWay, { changes: story }), { columns, rows });
    expect(lines.length).toBeLessThan(rows);
  });
});

function barText(states: Parameters<typeof stateBar>[0], devices: number, width: number): string {
  return stateBar(states, devices, width)
    .map(([part]) => part)
    .join('');
}

describe('a bar', () => {
  test('shows the least of all, and is as wide as it has to be', () => {
    expect(barText({}, 0, 10)).toBe('░░░░░░░░░░');
    expect(barText({ succeeded: 10 }, 10, 10)).toBe('██████████');
    expect(barText({ succeeded: 9_999, lost: 1 }, 10_000, 10)).toBe('█████████╳');
    expect(barText({ succeeded: 1 }, 10_000, 10)).toBe('█░░░░░░░░░');
    expect(barText({ succeeded: 5, baking: 2, downloading: 2, failed: 1 }, 20, 20)).toBe('█████▓▓▒▒╳░░░░░░░░░░');
  });

  test('always has its width', () => {
    const counts = fc.dictionary(fc.constantFrom(...deviceStates), fc.nat(10_000));
    fc.assert(
      fc.property(counts, fc.nat(10_000), fc.integer({ min: 5, max: 80 }), (states, more, width) => {
        const devices = Object.values(states).reduce((sum, count) => sum + count, more);
        const cells = stateBar(states, devices, width).map(([part]) => textWidth(part));
        expect(cells.reduce((sum, cell) => sum + cell, 0)).toBe(width);
      }),
    );
  });
});
