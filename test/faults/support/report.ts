import { appendFileSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect } from 'vitest';
import { scale, seed } from './scale.ts';

export type Figures = Readonly<Record<string, number | string | boolean>>;

const directory = new URL('../../../.faults', import.meta.url).pathname;

/**
 * Tells what a fault test saw: one line of JSON on standard output, and the same appended to `.faults/SCALE.ndjson`, from which
 * docs/trust.md has its figures. `id` is the
 * test's name in that page, such as `C-01`; members with texts tell lines of one test apart.
 */
export function report(id: string, figures: Figures): void {
  const test = basename(expect.getState().testPath ?? '', '.test.ts');
  const line = JSON.stringify({ id, test, scale, seed, time: new Date().toISOString(), ...figures });
  process.stdout.write(`${line}\n`);
  mkdirSync(directory, { recursive: true });
  appendFileSync(join(directory, `${scale}.ndjson`), `${line}\n`);
}
