/**
 * Measures iotctl against peers in the same run.
 *   npm run bench -- [--only NAME]… [--smoke] [--strict] [--out FILE] [--page FILE]
 * `--smoke` makes everything small; `--strict` exits 1 when a target is missed; `--page` writes docs/performance.md.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cases } from './cases/index.ts';
import { meets, type BenchCase } from './support/case.ts';
import { describeMachine } from './support/machine.ts';
import { caseLines, machineLines, type BenchReport, type CaseReport } from './support/report.ts';
import { performancePage } from './support/page.ts';
import { createWorkspace, type Workspace } from './support/workspace.ts';

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    smoke: { type: 'boolean', default: false },
    strict: { type: 'boolean', default: false },
    page: { type: 'string' },
    out: { type: 'string', default: fileURLToPath(new URL('../.bench/latest.json', import.meta.url)) },
  },
});

const workspace = await createWorkspace();
try {
  const report = await measure(choose(flags.only), workspace);
  await mkdir(dirname(flags.out), { recursive: true });
  await writeFile(flags.out, `${JSON.stringify(report, undefined, 2)}\n`);
  console.log(`\nwritten to ${flags.out}`);
  if (flags.page !== undefined) await writeFile(flags.page, performancePage(report));
  const missed = report.cases.flatMap(({ figures }) => figures).filter((figure) => meets(figure) === false);
  process.exitCode = report.failed.length > 0 || (flags.strict && missed.length > 0) ? 1 : 0;
} finally {
  await workspace.remove();
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
  const machine = describeMachine(inside.directory);
  console.log(machineLines(machine));
  const reports: CaseReport[] = [];
  const failed: { name: string; error: string }[] = [];
  for (const { name, question, ...rest } of chosen) {
    const progress = (text: string): void => console.error(`  … ${name}: ${text}`);
    try {
      const report = { name, question, ...(await rest.run({ workspace: inside, smoke: flags.smoke, progress })) };
      reports.push(report);
      console.log(caseLines(report));
    } catch (error) {
      failed.push({ name, error: String(error) });
      console.log(`\n${name}: FAILED\n  ${String(error)}`);
    }
  }
  return { when: new Date().toISOString(), smoke: flags.smoke, machine, cases: reports, failed };
}
