import type { JsonValue } from '../../../std/json.ts';

/** Numbers counted one by one, in memory that does not grow with them. */
export interface Tally {
  message(): void;
  /** A value that is no finite number is ignored and counted. */
  value(value: JsonValue): void;
  readonly messages: number;
  readonly values: number;
  readonly ignored: number;
  /** Undefined without values, like the three after it. */
  average(): number | undefined;
  least(): number | undefined;
  most(): number | undefined;
  /** By nearest rank: exact for up to {@link exactValues} values, and within 0.5 % of the value beyond. */
  quantile(share: number): number | undefined;
}

/** So many values are kept as they are. */
const exactValues = 20_000;

export function createTally(keep = exactValues): Tally {
  let exact: number[] | undefined = [];
  const sketch = createSketch();
  let messages = 0;
  let values = 0;
  let ignored = 0;
  let mean = 0;
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  return {
    message: () => void messages++,
    value(value) {
      if (typeof value !== 'number' || !Number.isFinite(value)) {
        ignored++;
        return;
      }
      values++;
      // A running mean: a sum of large numbers would lose the small ones, or overflow.
      mean += value / values - mean / values;
      least = Math.min(least, value);
      most = Math.max(most, value);
      if (exact === undefined) sketch.add(value);
      else if (exact.push(value) > keep) {
        for (const one of exact) sketch.add(one);
        exact = undefined;
      }
    },
    get messages() {
      return messages;
    },
    get values() {
      return values;
    },
    get ignored() {
      return ignored;
    },
    average: () => (values === 0 ? undefined : mean),
    least: () => (values === 0 ? undefined : least),
    most: () => (values === 0 ? undefined : most),
    quantile(share) {
      if (values === 0) return undefined;
      const rank = Math.min(values, Math.max(1, Math.ceil(share * values)));
      const found = exact === undefined ? sketch.atRank(rank) : exact.toSorted((a, b) => a - b)[rank - 1];
      return found === undefined ? undefined : Math.min(most, Math.max(least, found));
    },
  };
}

/** The border of one bin to the next: a value is told within half of this. */
const growth = 1.01;
const logGrowth = Math.log(growth);

function binOf(magnitude: number): number {
  return Math.ceil(Math.log(magnitude) / logGrowth);
}

/** The middle of a bin, by proportion. */
function valueOf(bin: number): number {
  return (2 * growth ** bin) / (growth + 1);
}

interface Sketch {
  add(value: number): void;
  /** From 1. */
  atRank(rank: number): number | undefined;
}

/** Counts values by their magnitude, with bins that grow in proportion. Source: DDSketch (Masson, Rim, Lee, VLDB 2019). */
function createSketch(): Sketch {
  const negative = new Map<number, number>();
  const positive = new Map<number, number>();
  let zeros = 0;
  return {
    add(value) {
      if (value === 0) {
        zeros++;
        return;
      }
      const bins = value < 0 ? negative : positive;
      const bin = binOf(Math.abs(value));
      bins.set(bin, (bins.get(bin) ?? 0) + 1);
    },
    atRank(rank) {
      let left = rank;
      for (const [bin, times] of [...negative].toSorted(([a], [b]) => b - a)) {
        left -= times;
        if (left <= 0) return -valueOf(bin);
      }
      left -= zeros;
      if (left <= 0) return 0;
      for (const [bin, times] of [...positive].toSorted(([a], [b]) => a - b)) {
        left -= times;
        if (left <= 0) return valueOf(bin);
      }
      return undefined;
    },
  };
}
