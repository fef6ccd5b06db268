import { describe, expect, it } from 'vitest';
import { performancePage } from '../../bench/support/page.ts';
import { caseLines, mergeReports, type BenchReport, type CaseReport } from '../../bench/support/report.ts';

const machine = {
  system: 'Linux 6 x64',
  processors: '2 x some',
  memoryGb: 24,
  node: 'v24.0.0',
  sqlite: '3.53.4',
  fsyncMs: 0.3,
  othersUsed: 0.1,
};

function caseOf(name: string, value: number, more: Partial<CaseReport> = {}): CaseReport {
  return {
    name,
    question: `How fast is ${name}?`,
    when: '2026-11-22T08:00:00.000Z',
    othersUsed: 0.1,
    seconds: 3,
    measures: [{ name: 'ours', unit: 'ms', samples: [value] }],
    figures: [{ name: 'ours', value, unit: 'ms', target: { atMost: 10 } }],
    notes: [],
    ...more,
  };
}

function reportOf(cases: readonly CaseReport[], more: Partial<BenchReport> = {}): BenchReport {
  return { when: '2026-11-22T08:00:00.000Z', small: false, machine, cases, failed: [], ...more };
}

describe('mergeReports', () => {
  it('takes of each case the last one, in the place of the first', () => {
    const merged = mergeReports([
      reportOf([caseOf('a', 1), caseOf('b', 2)]),
      reportOf([caseOf('b', 3), caseOf('c', 4)]),
    ]);
    expect(merged.cases.map(({ name, figures }) => [name, figures[0]?.value])).toEqual([
      ['a', 1],
      ['b', 3],
      ['c', 4],
    ]);
  });

  it('forgets a failure of a case that was measured elsewhere', () => {
    const failed = [
      { name: 'a', error: 'no disk' },
      { name: 'z', error: 'no disk' },
    ];
    expect(mergeReports([reportOf([], { failed }), reportOf([caseOf('a', 1)])]).failed).toEqual([
      { name: 'z', error: 'no disk' },
    ]);
  });

  it('refuses reports of another machine, or small ones among others', () => {
    const elsewhere = { ...machine, processors: '64 x other' };
    expect(() => mergeReports([reportOf([]), reportOf([], { machine: elsewhere })])).toThrow('different machines');
    expect(() => mergeReports([reportOf([]), reportOf([], { small: true })])).toThrow('sizes');
  });
});

describe('performancePage', () => {
  it('says for each contender what an acknowledgement means, and nothing of it elsewhere', () => {
    const measures = [
      { name: 'hub', unit: 'messages/s', samples: [3, 1, 2], promised: 'on disk, synced' },
      { name: 'hub, processor time', unit: 'µs', samples: [4] },
    ] as const;
    const page = performancePage(reportOf([caseOf('ingest', 5, { measures }), caseOf('start', 12)]));
    expect(page).toContain('| measured | median | lowest to highest | runs | acknowledged means |');
    expect(page).toContain('| hub | 2.0 messages/s | 1.0 messages/s to 3.0 messages/s | 3 | on disk, synced |');
    expect(page).toContain('| hub, processor time | 4.0 µs | 4.0 µs to 4.0 µs | 1 |  |');
    expect(page).toContain('| measured | median | lowest to highest | runs |\n');
    expect(page).toContain('| ours | 12.0 ms | at most 10.0 ms | MISSED |');
    expect(page).toContain('| [start](#start) | ours | 12.0 ms | at most 10.0 ms | MISSED |');
  });

  it('says which case was measured on a busy machine, and what failed', () => {
    const page = performancePage(
      reportOf([caseOf('busy', 5, { othersUsed: 1.5 })], { failed: [{ name: 'z', error: 'no disk' }] }),
    );
    expect(page).toContain('**Something else used 1.5 processors when this began');
    expect(page).toContain('failed: no disk');
  });
});

describe('caseLines', () => {
  it('lines the columns up', () => {
    expect(caseLines(caseOf('start', 5))).toBe(
      [
        '\nstart: How fast is start?',
        '  measured  median  lowest to highest  runs',
        '  ours      5.0 ms   5.0 ms to 5.0 ms     1',
        '  figure   value           target',
        '  ours    5.0 ms  at most 10.0 ms  met',
      ].join('\n'),
    );
  });
});
