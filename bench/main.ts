/**
 * Measures iotctl against peers in the same run.
 *   npm run bench -- [--only NAME]… [--small] [--strict] [--out FILE] [--page FILE]
 *   npm run bench -- --from FILE [--from FILE]… [--out FILE] [--page FILE]   prints, and puts together, what was measured before
 *   npm run bench -- --smoke [--only PART]… [--write-baseline | --slowed]   compares ratios with bench/baseline.json
 * `--small` makes everything small: does it still run? `--strict` exits 1 when a target is missed; `--page` writes
 * docs/performance.md. `--slowed` runs iotctl without V8's compilers, which `--smoke` must notice.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cases } from './cases/index.ts';
import { guard, writeBaseline } from './guard/guard.ts';
import { meets, type BenchCase } from './support/case.ts';
import { describeMachine, othersUse } from './support/machine.ts';
import { performancePage } from './support/page.ts';
import { caseLines, machineLines, mergeReports, type BenchReport, type CaseReport } from './support/report.ts';
import { createWorkspace, type Workspace } from './support/workspace.ts';

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    from: { type: 'string', multiple: true, default: [] },
    small: { type: 'boolean', default: false },
    smoke: { type: 'boolean', default: false },
    'write-baseline': { type: 'boolean', default: false },
    slowed: { type: 'boolean', default: false },
    strict: { type: 'boolean', default: false },
    page: { type: 'string' },
    out: { type: 'string' },
  },
});
const slowDown = new URL('guard/slow-down.js', import.meta.url).href;
const latest = fileURLToPath(new URL('../.bench/latest.json', import.meta.url));

if (flags.from.length > 0)
  await finish(inOrder(mergeReports(await Promise.all(flags.from.map(readReport)))), flags.out);
else await inWorkspace(flags.smoke ? runGuard : runCases);

async function inWorkspace(run: (workspace: Workspace) => Promise<void>): Promise<void> {
  const workspace = await createWorkspace(flags.slowed ? { NODE_OPTIONS: `--import ${slowDown}` } : {});
  try {
    await run(workspace);
  } finally {
    await workspace.remove();
  }
}

async function runGuard(workspace: Workspace): Promise<void> {
  if (flags['write-baseline']) await writeBaseline(workspace, flags.only);
  else if (!(await guard(workspace, flags.only))) process.exitCode = 1;
}

async function runCases(workspace: Workspace): Promise<void> {
  await finish(await measure(choose(flags.only), workspace), flags.out ?? latest);
}

/** Files, and the exit code. */
async function finish(report: BenchReport, out: string | undefined): Promise<void> {
  if (out !== undefined) {
    await mkdir(dirname(out), { recursive: true });
    await writeFile(out, `${JSON.stringify(report, undefined, 2)}\n`);
    console.log(`\nwritten to ${out}`);
  }
  if (flags.page !== undefined) await writeFile(flags.page, performancePage(report));
  const missed = report.cases.flatMap(({ figures }) => figures).filter((figure) => meets(figure) === false);
  if (report.failed.length > 0 || (flags.strict && missed.length > 0)) process.exitCode = 1;
}

/** As one run would have measured them. */
function inOrder(report: BenchReport): BenchReport {
  return { ...report, cases: report.cases.toSorted((left, right) => placeOf(left) - placeOf(right)) };
}

function placeOf({ name }: CaseReport): number {
  return cases.findIndex((candidate) => candidate.name === name);
}

async function readReport(file: string): Promise<BenchReport> {
  return JSON.parse(await readFile(file, 'utf8')) as BenchReport;
}

function choose(names: readonly string[]): readonly BenchCase[] {
  const unknown = names.filter((name) => !cases.some((candidate) => candidate.name === name));
  if (unknown.length > 0)
    throw new Error(
      `no benchmark is called ${unknown.join(', ')}; there are ${cases.map(({ name }) => name).join(', ')}`,
    );
  return names.length === 0 ? cases : cases.filter(({ name }) => names.includes(name));
}

async function measure(chosen: readonly BenchCase[], inside: Workspace): Promise<BenchReport> {
  const machine = await describeMachine(inside.directory);
  console.log(machineLines(machine));
  const reports: CaseReport[] = [];
  const failed: { name: string; error: string }[] = [];
  for (const chosenCase of chosen) {
    const { name, question } = chosenCase;
    const progress = (text: string): void => console.error(`  … ${name}: ${text}`);
    const [when, othersUsed] = [new Date().toISOString(), await othersUse()];
    const begin = performance.now();
    try {
      const result = await chosenCase.run({ workspace: inside, small: flags.small, progress });
      const seconds = Math.round((performance.now() - begin) / 1_000);
      const report = { name, question, when, othersUsed, seconds, ...result };
      reports.push(report);
      console.log(caseLines(report));
    } catch (error) {
      failed.push({ name, error: String(error) });
      console.log(`\n${name}: FAILED\n  ${String(error)}`);
    }
  }
  return { when: new Date().toISOString(), small: flags.small, machine, cases: reports, failed };
}
