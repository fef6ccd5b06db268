/** Runs many cases of one target and counts what went wrong with them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { atScale, seed, type Scale } from '../../support/scale.ts';
import { report } from '../../support/report.ts';
import { createHeldMb } from '../../support/held-memory.ts';
import { randomOfCase, type Random } from './random.ts';
import { startWatchdog } from './watchdog.ts';

export interface Target<Input> {
  /** The test of docs/trust.md it belongs to, such as `C-23`. */
  readonly id: string;
  readonly name: string;
  /** How many cases at each scale. */
  readonly cases: Readonly<Record<Scale, number>>;
  readonly make: (random: Random, number: number) => Input;
  /** Throws for a finding: whatever the target may throw by its contract is caught in here. */
  readonly check: (input: Input) => void | Promise<void>;
  /** How an input is written down when it is a finding. */
  readonly show: (input: Input) => string;
}

/** Wall-clock bounds of one target, so that a slow machine ends too. */
const longestMs = atScale({ smoke: 300, full: 240_000 });
const hangMs = 1_000;
const mostFindings = 5;
/** What may be held more after all cases than after the first tenth of them: caches fill up, and code is compiled. */
const mostGrowthMb = atScale({ smoke: 64, full: 16 });
const findingsDirectory = new URL('../../../../.faults/findings', import.meta.url).pathname;

/** Throws with the first findings; each is written to `.faults/findings`, to become a vector of the corpora. */
export async function fuzz<Input>(target: Target<Input>): Promise<void> {
  const { id, name, make, check, show } = target;
  const wanted = atScale(target.cases);
  const findings: string[] = [];
  const watchdog = startWatchdog(`${name}, seed ${seed}`);
  const heldMb = createHeldMb();
  let heldBefore = 0;
  const begin = performance.now();
  let slowestMs = 0;
  let hangs = 0;
  let cases = 0;
  try {
    for (; cases < wanted && findings.length < mostFindings; cases++) {
      const before = performance.now();
      if (before - begin > longestMs) break;
      watchdog.tick();
      if (cases === Math.floor(wanted / 10)) heldBefore = heldMb();
      const cpuBefore = process.cpuUsage();
      const input = make(randomOfCase(name, cases), cases);
      try {
        const work = check(input);
        if (work !== undefined) await work;
      } catch (error) {
        findings.push(keep(name, cases, show(input), error));
      }
      const took = performance.now() - before;
      slowestMs = Math.max(slowestMs, took);
      // Whoever shares the machine may hold a case up: only what this process itself worked on for so long is a hang.
      if (took > hangMs && cpuMs(process.cpuUsage(cpuBefore)) > hangMs) hangs++;
    }
  } finally {
    watchdog.stop();
  }
  const heldGrowthMb = heldBefore === 0 ? 0 : Math.round(heldMb() - heldBefore);
  report(id, {
    target: name,
    cases,
    uncaught: findings.length,
    hangs,
    slowestMs: Math.round(slowestMs * 10) / 10,
    heldGrowthMb,
  });
  if (findings.length > 0) throw new Error(`${name}: ${findings.join('\n')}`);
  if (heldGrowthMb > mostGrowthMb)
    throw new Error(`${name}: ${heldGrowthMb} MB more are held than after the first tenth`);
  if (hangs > 0) throw new Error(`${name}: ${hangs} cases took longer than ${hangMs} ms`);
}

function cpuMs({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1_000;
}

function keep(name: string, number: number, input: string, error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  mkdirSync(findingsDirectory, { recursive: true });
  const file = join(findingsDirectory, `${name.replace(/[^\w-]/g, '-')}-${seed}-${number}.txt`);
  writeFileSync(file, `${input}\n\n${text}\n`);
  return `case ${number} (${file}): ${text.split('\n', 3).join(' ')}`;
}
