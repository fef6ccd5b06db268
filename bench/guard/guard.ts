import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describeMachine } from '../support/machine.ts';
import { table } from '../support/report.ts';
import type { Workspace } from '../support/workspace.ts';
import { baselineOf, bestOf, compareRatios, failures, type Baseline, type Comparison, type Ratios } from './compare.ts';
import { probes, type Probe } from './probes.ts';

const baselineFile = fileURLToPath(new URL('../baseline.json', import.meta.url));
const baselineRounds = 3;

/**
 * Compares with the committed baseline; whether nothing has become worse. What has is measured once more before it counts. `only`
 * chooses ratios by a part of their names; all when there is none.
 */
export async function guard(workspace: Workspace, only: readonly string[]): Promise<boolean> {
  const chosen = choose(only);
  const names = new Set(chosen.flatMap(({ ratios }) => ratios));
  const known = (await readBaseline()).ratios;
  const baseline = Object.fromEntries(Object.entries(known).filter(([name]) => names.has(name)));
  const first = await measure(chosen, workspace);
  const suspects = failures(compareRatios(baseline, first)).map(({ name }) => name);
  const again = chosen.filter(({ ratios }) => ratios.some((name) => suspects.includes(name)));
  if (again.length > 0) console.error(`  … once more: ${suspects.join(', ')}`);
  const comparisons = compareRatios(baseline, bestOf(first, await measure(again, workspace)));
  console.log(comparisonLines(comparisons));
  return failures(comparisons).length === 0;
}

function choose(only: readonly string[]): readonly Probe[] {
  const chosen = probes.filter(
    ({ ratios }) => only.length === 0 || ratios.some((name) => only.some((part) => name.includes(part))),
  );
  if (chosen.length === 0) throw new Error(`no ratio has ${only.join(' or ')} in its name`);
  return chosen;
}

async function readBaseline(): Promise<Baseline> {
  return JSON.parse(await readFile(baselineFile, 'utf8')) as Baseline;
}

/** Measures several times and writes the baseline; with `only`, what it chooses, and the rest stays as it is. */
export async function writeBaseline(workspace: Workspace, only: readonly string[]): Promise<void> {
  const chosen = choose(only);
  const rounds: Ratios[] = [];
  for (let count = 0; count < baselineRounds; count++) rounds.push(await measure(chosen, workspace));
  const { processors, system } = await describeMachine(workspace.directory);
  const exact = new Set(chosen.flatMap((probe) => (probe.exact === true ? probe.ratios : [])));
  const baseline = baselineOf(rounds, { when: new Date().toISOString(), machine: `${processors}, ${system}`, exact });
  const others = only.length === 0 ? {} : (await readBaseline()).ratios;
  const whole: Baseline = { ...baseline, ratios: { ...others, ...baseline.ratios } };
  await writeFile(baselineFile, `${JSON.stringify(whole, undefined, 2)}\n`);
  const rows = Object.entries(baseline.ratios).map(([name, { value, tolerance }]) => [
    name,
    cell(value),
    `${Math.round(tolerance * 100)} %`,
    ...rounds.map((ratios) => cell(ratios[name])),
  ]);
  console.log(table([['ratio', 'baseline', 'tolerance', ...rounds.map((_, index) => `round ${index + 1}`)], ...rows]));
}

/** A probe that throws has no ratios; they show as missing. */
async function measure(chosen: readonly Probe[], workspace: Workspace): Promise<Ratios> {
  const all: Record<string, number> = {};
  for (const probe of chosen) {
    const begin = performance.now();
    try {
      const values = await probe.measure(workspace);
      for (const [index, name] of probe.ratios.entries()) all[name] = values[index] ?? Number.NaN;
    } catch (error) {
      for (const name of probe.ratios) all[name] = Number.NaN;
      console.error(`  … ${probe.ratios.join(', ')}: ${String(error)}`);
    }
    console.error(`  … ${probe.ratios.join(', ')}: ${((performance.now() - begin) / 1_000).toFixed(1)} s`);
  }
  return all;
}

function comparisonLines(comparisons: readonly Comparison[]): string {
  return [
    'What things cost beside a peer of the same run; more is worse.',
    table([
      ['ratio', 'now', 'baseline', 'at most', ''],
      ...comparisons.map(({ name, measured, baseline, limit, verdict }) => [
        name,
        cell(measured),
        cell(baseline),
        cell(limit),
        verdict === 'worse' || verdict === 'missing' ? verdict.toUpperCase() : verdict,
      ]),
    ]),
    ...(comparisons.some(({ verdict }) => verdict === 'better' || verdict === 'new')
      ? ['A new baseline is due: npm run bench -- --smoke --write-baseline']
      : []),
  ].join('\n');
}

function cell(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? '-' : `${value.toFixed(2)} x`;
}
