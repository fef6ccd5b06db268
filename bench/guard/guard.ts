import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describeMachine } from '../support/machine.ts';
import { table } from '../support/report.ts';
import type { Workspace } from '../support/workspace.ts';
import { baselineOf, bestOf, compareRatios, failures, type Baseline, type Comparison, type Ratios } from './compare.ts';
import { probes, type Probe } from './probes.ts';

const baselineFile = fileURLToPath(new URL('../baseline.json', import.meta.url));
const baselineRounds = 3;

/** Compares with the committed baseline; whether nothing has become worse. What has is measured once more before it counts. */
export async function guard(workspace: Workspace): Promise<boolean> {
  const baseline = JSON.parse(await readFile(baselineFile, 'utf8')) as Baseline;
  const first = await measure(probes, workspace);
  const suspects = failures(compareRatios(baseline.ratios, first)).map(({ name }) => name);
  const again = probes.filter(({ ratios }) => ratios.some((name) => suspects.includes(name)));
  if (again.length > 0) console.error(`  … once more: ${suspects.join(', ')}`);
  const comparisons = compareRatios(baseline.ratios, bestOf(first, await measure(again, workspace)));
  console.log(comparisonLines(comparisons));
  return failures(comparisons).length === 0;
}

/** Measures several times and writes the baseline. */
export async function writeBaseline(workspace: Workspace): Promise<void> {
  const rounds: Ratios[] = [];
  for (let count = 0; count < baselineRounds; count++) rounds.push(await measure(probes, workspace));
  const { processors, system } = describeMachine(workspace.directory);
  const exact = new Set(probes.flatMap((probe) => (probe.exact === true ? probe.ratios : [])));
  const baseline = baselineOf(rounds, { when: new Date().toISOString(), machine: `${processors}, ${system}`, exact });
  await writeFile(baselineFile, `${JSON.stringify(baseline, undefined, 2)}\n`);
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
