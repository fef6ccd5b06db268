import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { scale, seed } from './scale.ts';

export type Figures = Readonly<Record<string, number | string | boolean>>;

const directory = new URL('../../../.faults', import.meta.url).pathname;

/**
 * Tells what a fault test saw: one line of JSON on standard output, and the same appended to `.faults/SCALE.ndjson`, from which
 * docs/trust.md has its figures. `id` is the test's name in that page, such as `C-01`.
 */
export function report(id: string, figures: Figures): void {
  const line = JSON.stringify({ id, scale, seed, time: new Date().toISOString(), ...figures });
  process.stdout.write(`${line}\n`);
  mkdirSync(directory, { recursive: true });
  appendFileSync(join(directory, `${scale}.ndjson`), `${line}\n`);
}
