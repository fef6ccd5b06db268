import { format, promisedHead, spread, targetText, verdict, type BenchReport, type CaseReport } from './report.ts';
import { busyFrom } from './machine.ts';
import { median } from './samples.ts';

/** docs/performance.md, from one run. */
export function performancePage(report: BenchReport): string {
  const { machine } = report;
  return `${[
    '# Performance',
    '',
    'Printed from the JSON of `npm run bench` by `npm run bench -- --from FILE --page docs/performance.md`; do not edit. Contenders took turns in the same run; medians count, because machines differ and are noisy. How to read and repeat it: [bench/README.md](../bench/README.md).',
    '',
    `Measured ${report.when.slice(0, 10)} on ${machine.processors}, ${machine.memoryGb} GB, ${machine.system}; Node ${machine.node}, SQLite ${machine.sqlite}; one fsync takes ${machine.fsyncMs} ms; others used ${machine.othersUsed} processors at the start.`,
    ...(report.small ? ['', '**Everything was small.**'] : []),
    ...overview(report),
    ...chart(report),
    ...report.cases.flatMap(caseSection),
    ...report.failed.flatMap(({ name, error }) => ['', `## ${name}`, '', `failed: ${error}`]),
  ].join('\n')}\n`;
}

/** All that has a target, at a glance. */
function overview({ cases }: BenchReport): string[] {
  const rows = cases.flatMap(({ name, figures }) =>
    figures
      .filter((figure) => figure.target !== undefined)
      .map((figure) => [
        `[${name}](#${name})`,
        figure.name,
        format(figure.value, figure.unit),
        targetText(figure),
        verdict(figure),
      ]),
  );
  if (rows.length === 0) return [];
  return ['', '## Targets', '', ...markdownTable(['case', 'figure', 'value', 'target', ''], rows)];
}

/** The contenders of the case that most people come for, as a picture. */
function chart({ cases }: BenchReport): string[] {
  const ingest = cases.find(({ name }) => name === 'ingest');
  const bars = (ingest?.measures ?? []).filter(({ unit, promised }) => unit === 'messages/s' && promised !== undefined);
  if (ingest === undefined || bars.length < 2) return [];
  const names = bars.map(({ name, promised }) => `"${name.split(':')[0]} (${promised})"`);
  const values = bars.map(({ samples }) => Math.round(median(samples) / 1_000));
  return [
    '',
    '```mermaid',
    'xychart-beta horizontal',
    '  title "Acknowledged QoS 1 messages of 100 bytes from 200 connections, thousands a second"',
    `  x-axis [${names.join(', ')}]`,
    `  y-axis "thousand messages/s" 0 --> ${Math.max(...values)}`,
    `  bar [${values.join(', ')}]`,
    '```',
  ];
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
    ...(report.othersUsed >= busyFrom
      ? ['', `**Something else used ${report.othersUsed} processors when this began, so its figures mean little.**`]
      : []),
  ];
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [tableLine(head), `|---|${'---:|'.repeat(head.length - 1)}`, ...rows.map(tableLine)];
}

function tableLine(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
