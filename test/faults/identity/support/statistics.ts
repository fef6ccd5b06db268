export interface Comparison {
  /** Welch's t. */
  readonly t: number;
  readonly differenceNs: number;
  readonly medians: { readonly medianLeft: number; readonly medianRight: number };
}

/** Compares two samples of times; the slowest tenth of each is left out, because it is the machine's and not the program's. */
export function welch(left: readonly number[], right: readonly number[]): Comparison {
  const [a, b] = [trimmed(left), trimmed(right)];
  const [meanA, meanB] = [mean(a), mean(b)];
  const t = (meanA - meanB) / Math.sqrt(variance(a, meanA) / a.length + variance(b, meanB) / b.length);
  return {
    t: Math.round(t * 100) / 100,
    differenceNs: Math.round(meanA - meanB),
    medians: { medianLeft: median(a), medianRight: median(b) },
  };
}

function trimmed(sample: readonly number[]): readonly number[] {
  const sorted = sample.toSorted((x, y) => x - y);
  return sorted.slice(0, Math.ceil(sorted.length * 0.9));
}

function mean(sample: readonly number[]): number {
  return sample.reduce((sum, value) => sum + value, 0) / sample.length;
}

function variance(sample: readonly number[], average: number): number {
  return sample.reduce((sum, value) => sum + (value - average) ** 2, 0) / (sample.length - 1);
}

function median(sorted: readonly number[]): number {
  return Math.round(sorted[sorted.length >> 1] ?? 0);
}
