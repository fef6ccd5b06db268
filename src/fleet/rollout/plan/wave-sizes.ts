import { Failure } from '../../../errors/index.ts';
import type { Wave } from '../model/spec.ts';

/**
 * How many of `total` devices a wave ends with: a number as it is, a percentage rounded up, so that 10 % of 5 devices is one. In whole
 * numbers: 10 % of 30 is 3, not 3.0000000000000004 rounded up.
 */
export function waveEnd(size: Wave['size'], total: number): number {
  if (typeof size === 'number') return Math.min(size, total);
  const [whole = '0', fraction = ''] = size.slice(0, -1).split('.');
  const parts = BigInt(whole + fraction) * BigInt(total);
  const unit = 100n * 10n ** BigInt(fraction.length);
  return Number((parts + unit - 1n) / unit);
}

/** Failure `invalid-value`: sizes are cumulative, so none is smaller than the one before. */
export function checkWaveSizes(waves: readonly Pick<Wave, 'size'>[]): void {
  const last = { number: 0, percent: 0 };
  for (const { size } of waves) {
    const kind = typeof size === 'number' ? 'number' : 'percent';
    const value = typeof size === 'number' ? size : Number(size.slice(0, -1));
    if (value < last[kind]) {
      throw new Failure('invalid-value', `the wave of ${size} comes after a larger one`, {
        hint: 'the size of a wave counts the devices of the waves before it too',
      });
    }
    last[kind] = value;
  }
}
