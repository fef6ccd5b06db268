import { format, promisedHead, spread, targetText, verdict, type BenchReport, type CaseReport } from './report.ts';
import { busyLoad } from './machine.ts';
import { median } from './samples.ts';

/** docs/performance.md, from one run. */
export function performancePage(report: BenchReport): string {
  const { machine } = report;
  return `${[
    '# Performance',
    '',
    'Printed from the JSON of `npm run bench` by `npm run bench -- --from FILE --page docs/performance.md`; do not edit. Contenders took turns in the same run; medians count, because machines differ and are noisy. How to read and repeat it: [bench/README.md](../bench/README.md).',
    '',
    `Measured ${report.when.slice(0, 10)} on ${machine.processors}, ${machine.memoryGb} GB, ${machine.system}; Node ${machine.node}, SQLite ${machine.sqlite}; one fsync takes ${machine.fsyncMs} ms; load ${machine.loadAverage} at the start.`,
    ...(machine.busy ? ['', '**Something else kept the machine busy, so the figures mean little.**'] : []),
    ...(report.small ? ['', '**Everything was small.**'] : []),
    ...report.cases.flatMap(caseSection),
    ...report.failed.flatMap(({ name, error }) => ['', `## ${name}`, '', `failed: ${error}`]),
  ].join('\n')}\n`;
}

function caseSection(report: CaseReport): string[] {
  return [
    '',
    `## ${report.name}`,
    '',
    report.question,
    ...(report.figures.length === 0
      ? []
      : [
          '',
          ...markdownTable(
            ['figure', 'value', 'target', ''],
            report.figures.map((figure) => [
              figure.name,
              format(figure.value, figure.unit),
              targetText(figure),
              verdict(figure),
            ]),
          ),
        ]),
    '',
    ...markdownTable(
      ['measured', 'median', 'lowest to highest', 'runs', ...promisedHead(report)],
      report.measures.map((measure) => [
        measure.name,
        format(median(measure.samples), measure.unit),
        spread(measure),
        String(measure.samples.length),
        ...promisedHead(report).map(() => measure.promised ?? ''),
      ]),
    ),
    ...report.notes.flatMap((note) => ['', note]),
    ...(report.loadAverage >= busyLoad
      ? ['', `**The load was ${report.loadAverage} when this began: something else kept the machine busy.**`]
      : []),
  ];
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [tableLine(head), `|---|${'---:|'.repeat(head.length - 1)}`, ...rows.map(tableLine)];
}

function tableLine(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
