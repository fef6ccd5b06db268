import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { baselineOf, bestOf, compareRatios, failures } from '../../bench/guard/compare.ts';

const baseline = { ingest: { value: 2, tolerance: 0.5 }, start: { value: 1.3, tolerance: 0.5 } };
const verdicts = (measured: Readonly<Record<string, number>>): Record<string, string> =>
  Object.fromEntries(compareRatios(baseline, measured).map(({ name, verdict }) => [name, verdict]));

describe('compareRatios', () => {
  it('passes what is within its tolerance', () => {
    expect(verdicts({ ingest: 2.9, start: 1.2 })).toEqual({ ingest: 'ok', start: 'ok' });
  });

  it('fails what costs more than its tolerance allows', () => {
    const comparisons = compareRatios(baseline, { ingest: 3.1, start: 1.3 });
    expect(failures(comparisons)).toEqual([{ name: 'ingest', measured: 3.1, baseline: 2, limit: 3, verdict: 'worse' }]);
  });

  it('fails what could not be measured', () => {
    expect(verdicts({ start: Number.NaN })).toEqual({ ingest: 'missing', start: 'missing' });
    expect(failures(compareRatios(baseline, {}))).toHaveLength(2);
  });

  it('says what is new, and what has become so much better that the baseline is old', () => {
    expect(verdicts({ ingest: 0.9, start: 1.3, query: 4 })).toEqual({ ingest: 'better', start: 'ok', query: 'new' });
    expect(failures(compareRatios(baseline, { ingest: 0.9, start: 1.3, query: 4 }))).toEqual([]);
  });

  it('fails a slowdown beyond the tolerance, whatever the ratio', () => {
    const positive = fc.double({ min: 0.001, max: 1_000, noNaN: true });
    const share = fc.double({ min: 0, max: 2, noNaN: true });
    fc.assert(
      fc.property(positive, share, (value, tolerance) => {
        const known = { it: { value, tolerance } };
        expect(failures(compareRatios(known, { it: value * (1 + tolerance) * 1.01 }))).toHaveLength(1);
        expect(failures(compareRatios(known, { it: value * (1 + tolerance) * 0.99 }))).toEqual([]);
      }),
    );
  });
});

describe('bestOf', () => {
  it('takes the lesser of both, and what one of them could not measure from the other', () => {
    expect(bestOf({ a: 3, b: 1, c: Number.NaN, d: 5 }, { a: 2, b: 4, c: 7 })).toEqual({ a: 2, b: 1, c: 7, d: 5 });
    expect(bestOf({ a: Number.NaN }, { a: Number.NaN })).toEqual({ a: Number.NaN });
  });
});

describe('baselineOf', () => {
  const said = { when: '2026-11-22T00:00:00Z', machine: 'two cores', exact: new Set(['room']) };

  it('takes medians, and three times their spread as tolerance, between a half and one and a half', () => {
    const rounds = [
      { calm: 1, noisy: 8, wild: 1, room: 0.5 },
      { calm: 1.02, noisy: 10, wild: 5, room: 0.5 },
      { calm: 0.98, noisy: 11, wild: 9, room: 0.5 },
    ];
    expect(baselineOf(rounds, said)).toEqual({
      when: '2026-11-22T00:00:00Z',
      machine: 'two cores',
      ratios: {
        calm: { value: 1, tolerance: 0.5 },
        noisy: { value: 10, tolerance: 0.9 },
        wild: { value: 5, tolerance: 1.5 },
        room: { value: 0.5, tolerance: 0.1 },
      },
    });
  });

  it('refuses a round in which something could not be measured', () => {
    expect(() => baselineOf([{ a: 1 }, { a: Number.NaN }], said)).toThrow('a could not be measured');
  });
});
