/** The comparison behind `npm run bench -- --smoke`: ratios of this run beside those of the committed baseline. Pure. */

/** What something of ours costs beside a peer of the same run: 2 is twice as much. More is always worse. */
export type Ratios = Readonly<Record<string, number>>;

export interface BaselineRatio {
  readonly value: number;
  /** How much more is allowed: 0.5 is half as much again. */
  readonly tolerance: number;
}

/** bench/baseline.json. */
export interface Baseline {
  readonly when: string;
  /** Where it was measured; for readers alone. */
  readonly machine: string;
  readonly ratios: Readonly<Record<string, BaselineRatio>>;
}

export interface Comparison {
  readonly name: string;
  /** NaN when it was not measured. */
  readonly measured: number;
  readonly baseline: number | undefined;
  /** The most that is allowed. */
  readonly limit: number | undefined;
  /** `worse` and `missing` fail the run; `new` has no baseline yet; `better` invites to write a new one. */
  readonly verdict: 'ok' | 'better' | 'worse' | 'new' | 'missing';
}

/** Below this part of the baseline something has become so much better that the baseline hides a later loss. */
const muchBetter = 0.5;

/** In the order of the baseline, then what is new. A ratio that is not a finite number counts as missing. */
export function compareRatios(baseline: Baseline['ratios'], measured: Ratios): readonly Comparison[] {
  const known = Object.entries(baseline).map(([name, { value, tolerance }]): Comparison => {
    const now = measured[name] ?? Number.NaN;
    const limit = value * (1 + tolerance);
    return { name, measured: now, baseline: value, limit, verdict: verdictOf(now, value, limit) };
  });
  const fresh = Object.entries(measured)
    .filter(([name]) => !Object.hasOwn(baseline, name))
    .map(([name, value]): Comparison => {
      const verdict = Number.isFinite(value) ? 'new' : 'missing';
      return { name, measured: value, baseline: undefined, limit: undefined, verdict };
    });
  return [...known, ...fresh];
}

function verdictOf(measured: number, value: number, limit: number): Comparison['verdict'] {
  if (!Number.isFinite(measured)) return 'missing';
  if (measured > limit) return 'worse';
  return measured < value * muchBetter ? 'better' : 'ok';
}

/** Those that make the run fail. */
export function failures(comparisons: readonly Comparison[]): readonly Comparison[] {
  return comparisons.filter(({ verdict }) => verdict === 'worse' || verdict === 'missing');
}

/** The lesser of two measurements of the same thing: what disturbs a measurement makes it larger, hardly ever smaller. */
export function bestOf(first: Ratios, again: Ratios): Ratios {
  const names = new Set([...Object.keys(first), ...Object.keys(again)]);
  return Object.fromEntries([...names].map((name) => [name, lesser(first[name], again[name])]));
}

function lesser(one: number | undefined, other: number | undefined): number {
  const there = [one, other].filter((value) => value !== undefined && Number.isFinite(value)) as number[];
  return there.length === 0 ? Number.NaN : Math.min(...there);
}

const spreadsAllowed = 3;
const leastTolerance = 0.5;
const mostTolerance = 1.5;

/**
 * A baseline of several rounds: the median of each ratio, and a tolerance of three times what it spread over, never less than half.
 * `exact` names ratios that no machine disturbs; they have a tenth.
 */
export function baselineOf(
  rounds: readonly Ratios[],
  { when, machine, exact }: Pick<Baseline, 'when' | 'machine'> & { readonly exact: ReadonlySet<string> },
): Baseline {
  const names = Object.keys(rounds[0] ?? {});
  const entries = names.map((name): [string, BaselineRatio] => {
    const values = rounds.map((ratios) => ratios[name] ?? Number.NaN).toSorted((left, right) => left - right);
    const value = values[values.length >> 1] ?? Number.NaN;
    if (!values.every((sample) => Number.isFinite(sample))) throw new Error(`${name} could not be measured`);
    const spread = ((values.at(-1) ?? value) - (values[0] ?? value)) / value;
    const tolerance = exact.has(name)
      ? 0.1
      : Math.min(mostTolerance, Math.max(leastTolerance, spreadsAllowed * spread));
    return [name, { value: round(value, 3), tolerance: round(tolerance, 2) }];
  });
  return { when, machine, ratios: Object.fromEntries(entries) };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
