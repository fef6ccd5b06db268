/** The middle sample; the mean of the two middle ones when their number is even. */
export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/** The value below which this share of the samples lies, between two neighbours in proportion. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((left, right) => left - right);
  const place = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(place)] ?? Number.NaN, sorted[Math.ceil(place)] ?? Number.NaN];
  return below + (above - below) * (place % 1);
}

/**
 * Runs each contender in turn, `runs` times round and every other round in the opposite order, so that a change of the machine's
 * mood meets all of them. One round before the first is thrown away. Answers the samples by contender.
 */
export async function alternate<Name extends string, Sample = number>(
  runs: number,
  contenders: Readonly<Record<Name, () => Promise<Sample>>>,
): Promise<Record<Name, Sample[]>> {
  const names = Object.keys(contenders) as Name[];
  const samples = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, Sample[]>;
  for (let round = 0; round <= runs; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const sample = await contenders[name]();
      if (round > 0) samples[name].push(sample);
    }
  }
  return samples;
}
