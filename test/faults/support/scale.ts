import { randomInt } from 'node:crypto';

/** `smoke` for every change (all files together within a minute), `full` for a night. */
export type Scale = 'smoke' | 'full';

export const scale: Scale = process.env['IOTCTL_FAULTS_SCALE'] === 'full' ? 'full' : 'smoke';

/** The value for the scale that was asked for. */
export function atScale<Value>(values: Readonly<Record<Scale, Value>>): Value {
  return values[scale];
}

/** What all random choices of this run follow from; the same seed makes the same choices. */
export const seed: number = Number(process.env['IOTCTL_FAULTS_SEED'] ?? randomInt(2 ** 31));

/** A generator of numbers in [0, 1) (mulberry32), one for each name, so that tests do not disturb each other's choices. */
export function seededRandom(name: string): () => number {
  let state = seed;
  for (const character of name) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x9e37_79b1) >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
