/** Steps of the scale per doubling: a value is found again within 5 %. */
const stepsPerDoubling = 14;
const bins = 14 * 24;

/** How long acknowledgements took, in a fixed small space however many there are. */
export class Latency {
  readonly #counts = new Uint32Array(bins);
  #total = 0;
  #maximum = 0;

  add(ms: number): void {
    const bin = Math.round(Math.log2(Math.max(ms, 0.01) / 0.01) * stepsPerDoubling);
    const index = Math.min(bins - 1, Math.max(0, bin));
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#total++;
    this.#maximum = Math.max(this.#maximum, ms);
  }

  /** Milliseconds below which the share (0 to 1) of all values lies, at most the largest; undefined before the first value. */
  quantile(share: number): number | undefined {
    if (this.#total === 0) return undefined;
    let seen = 0;
    for (let index = 0; index < bins; index++) {
      seen += this.#counts[index] ?? 0;
      if (seen >= share * this.#total) return Math.min(this.#maximum, 0.01 * 2 ** (index / stepsPerDoubling));
    }
    return this.#maximum;
  }
}
