import { meets, type CaseResult, type Figure, type Measure } from './case.ts';
import type { Machine } from './machine.ts';
import { median } from './samples.ts';

export interface CaseReport extends CaseResult {
  readonly name: string;
  readonly question: string;
}

/** What goes into the JSON file. */
export interface BenchReport {
  readonly when: string;
  readonly smoke: boolean;
  readonly machine: Machine;
  readonly cases: readonly CaseReport[];
  readonly failed: readonly { readonly name: string; readonly error: string }[];
}

export function machineLines(machine: Machine): string {
  return [
    `${machine.processors}, ${machine.memoryGb} GB, ${machine.system}`,
    `Node ${machine.node}, SQLite ${machine.sqlite}, fsync ${machine.fsyncMs} ms, load ${machine.loadAverage}`,
    ...(machine.busy ? ['Something else keeps this machine busy: the figures below mean little.'] : []),
  ].join('\n');
}

export function caseLines(report: CaseReport): string {
  const measures = report.measures.map((measure) => [
    measure.name,
    format(median(measure.samples), measure.unit),
    spread(measure),
    `${measure.samples.length}`,
  ]);
  const figures = report.figures.map((figure) => [
    figure.name,
    format(figure.value, figure.unit),
    targetText(figure),
    verdict(figure),
  ]);
  return [
    `\n${report.name}: ${report.question}`,
    table([['measured', 'median', 'lowest to highest', 'runs'], ...measures]),
    ...(figures.length === 0 ? [] : [table([['figure', 'value', 'target', ''], ...figures])]),
    ...report.notes.map((note) => `  ${note}`),
  ].join('\n');
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
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
  return rows.map((row) => `  ${line(row).trimEnd()}`).join('\n');
}
