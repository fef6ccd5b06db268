import { meets, type CaseResult, type Figure, type Measure } from './case.ts';
import { busyFrom, type Machine } from './machine.ts';
import { median } from './samples.ts';

export interface CaseReport extends CaseResult {
  readonly name: string;
  readonly question: string;
  /** When it began, and how many processors others used then. Cases may be of different hours. */
  readonly when: string;
  readonly othersUsed: number;
  /** How long it took. */
  readonly seconds: number;
}

/** What goes into the JSON file. */
export interface BenchReport {
  readonly when: string;
  readonly small: boolean;
  readonly machine: Machine;
  readonly cases: readonly CaseReport[];
  readonly failed: readonly { readonly name: string; readonly error: string }[];
}

/**
 * Puts together what was measured apart, on one machine: of each case the last in the order given. Throws when the reports are of
 * different machines, or small ones among others.
 */
export function mergeReports(reports: readonly BenchReport[]): BenchReport {
  const [first] = reports;
  if (first === undefined) throw new Error('there is no report');
  const merged = new Map<string, CaseReport>();
  for (const report of reports) {
    if (report.machine.processors !== first.machine.processors || report.small !== first.small)
      throw new Error('reports of different machines or sizes cannot be put together');
    for (const one of report.cases) merged.set(one.name, one);
  }
  const failed = reports.flatMap((report) => report.failed).filter(({ name }) => !merged.has(name));
  return { ...first, cases: [...merged.values()], failed };
}

export function machineLines(machine: Machine): string {
  return [
    `${machine.processors}, ${machine.memoryGb} GB, ${machine.system}`,
    `Node ${machine.node}, SQLite ${machine.sqlite}, fsync ${machine.fsyncMs} ms, others use ${machine.othersUsed} processors`,
    ...(machine.othersUsed >= busyFrom
      ? ['Something else keeps this machine busy: the figures below mean little.']
      : []),
  ].join('\n');
}

export function caseLines(report: CaseReport): string {
  const measures = report.measures.map((measure) => [
    measure.name,
    format(median(measure.samples), measure.unit),
    spread(measure),
    `${measure.samples.length}`,
    ...promisedHead(report).map(() => measure.promised ?? ''),
  ]);
  const figures = report.figures.map((figure) => [
    figure.name,
    format(figure.value, figure.unit),
    targetText(figure),
    verdict(figure),
  ]);
  return [
    `\n${report.name}: ${report.question}`,
    table([['measured', 'median', 'lowest to highest', 'runs', ...promisedHead(report)], ...measures]),
    ...(figures.length === 0 ? [] : [table([['figure', 'value', 'target', ''], ...figures])]),
    ...report.notes.map((note) => `  ${note}`),
  ].join('\n');
}

/** The column for what an acknowledgement promises, where messages are acknowledged. */
export function promisedHead({ measures }: CaseResult): readonly string[] {
  return measures.some(({ promised }) => promised !== undefined) ? ['acknowledged means'] : [];
}

export function verdict(figure: Figure): string {
  const met = meets(figure);
  return met === undefined ? '' : met ? 'met' : 'MISSED';
}

export function targetText({ target, unit }: Figure): string {
  if (target === undefined) return '-';
  return 'atMost' in target ? `at most ${format(target.atMost, unit)}` : `at least ${format(target.atLeast, unit)}`;
}

export function spread({ samples, unit }: Measure): string {
  return `${format(Math.min(...samples), unit)} to ${format(Math.max(...samples), unit)}`;
}

export function format(value: number, unit: Figure['unit']): string {
  const digits = unit === 'x' ? 2 : value < 100 ? 1 : 0;
  return `${value.toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits })} ${unit}`;
}

/** Columns aligned by spaces: names to the left, the rest to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
  return rows.map((row) => `  ${line(row).trimEnd()}`).join('\n');
}
