import { Failure } from '../../errors/index.ts';
import {
  emptySummary,
  type ProvisionOutcome,
  type ProvisionResult,
  type ProvisionSummary,
} from '../../fleet/provisioning/index.ts';
import type { CommandContext } from '../context.ts';
import type { ListView, Tone } from '../output/output.ts';

export interface ProvisionReport {
  readonly total: number | undefined;
  readonly dryRun: boolean;
  readonly showSecrets: boolean;
}

/** A terminal shows at most so many devices one by one; beyond it only those that failed. */
const longestTable = 50;
/** So many failures are told on stderr when the result goes elsewhere. */
const toldFailures = 20;

const tones: Readonly<Record<ProvisionOutcome, Tone>> = {
  created: 'good',
  updated: 'accent',
  unchanged: 'dim',
  failed: 'bad',
};

/** Writes the results and the progress; gives the failure to end with when some devices failed. */
export async function reportProvisioning(
  context: Pick<CommandContext, 'output' | 'notes'>,
  results: AsyncIterable<ProvisionResult>,
  report: ProvisionReport,
): Promise<Failure | undefined> {
  const { output, notes } = context;
  const summary = emptySummary();
  const progress = notes.progress(report.dryRun ? 'comparing' : 'provisioning', report.total);
  const table = output.isTTY && (output.format === 'table' || output.format === 'wide');
  const brief = table && (report.total ?? Number.POSITIVE_INFINITY) > longestTable;
  let first: ProvisionResult | undefined;

  async function* shown(): AsyncGenerator<ProvisionResult, void, undefined> {
    for await (const result of results) {
      first ??= result;
      summary[result.outcome]++;
      progress.advance();
      if (result.outcome === 'failed' && !table) tellFailure(notes, result, summary.failed);
      if (!brief || result.outcome === 'failed') yield result;
    }
  }

  try {
    await output.list(shown(), provisionView(report, brief));
  } finally {
    progress.done(describeSummary(summary, report.dryRun));
  }
  return failureOf(summary, first);
}

function tellFailure(notes: CommandContext['notes'], result: ProvisionResult, number: number): void {
  if (number <= toldFailures) {
    const line = result.line === undefined ? '' : `line ${result.line}: `;
    notes.warn(`${line}${result.deviceId === '' ? '' : `${result.deviceId}: `}${result.reason}`);
  } else if (number === toldFailures + 1) {
    notes.warn('more devices failed; the results say which');
  }
}

function failureOf(summary: ProvisionSummary, first: ProvisionResult | undefined): Failure | undefined {
  const total = summary.created + summary.updated + summary.unchanged + summary.failed;
  if (first === undefined) {
    return new Failure('invalid-input', 'there are no devices in the input', { hint: 'iotctl provision --template' });
  }
  if (summary.failed === 0) return undefined;
  if (total === 1) {
    const named = first.deviceId === '' ? `line ${first.line ?? 1}` : first.deviceId;
    return new Failure(first.code ?? 'refused', `${named}: ${first.reason}`);
  }
  return new Failure('partial', `${summary.failed} of ${total} devices failed`, { details: { ...summary } });
}

/** `498 created, 2 failed`. */
function describeSummary(summary: ProvisionSummary, dryRun: boolean): string {
  const parts = (['created', 'updated', 'unchanged', 'failed'] as const)
    .filter((outcome) => summary[outcome] > 0)
    .map((outcome) => `${summary[outcome]} ${outcome}`);
  const text = parts.length === 0 ? 'nothing done' : parts.join(', ');
  return dryRun ? `dry run, nothing was written: ${text}` : text;
}

function provisionView({ showSecrets }: ProvisionReport, brief: boolean): ListView<ProvisionResult> {
  return {
    columns: [
      { header: 'LINE', value: (result) => result.line, align: 'right', wide: !brief },
      { header: 'DEVICE', value: (result) => result.deviceId, tone: () => 'accent' },
      { header: 'RESULT', value: (result) => result.outcome, tone: (result) => tones[result.outcome] },
      { header: 'REASON', value: (result) => result.reason },
      ...(showSecrets
        ? [{ header: 'CONNECTION STRING', value: (result: ProvisionResult) => result.connectionString, whole: true }]
        : []),
    ],
    json: ({ deviceId, line, outcome, reason, code, connectionString }) => ({
      deviceId,
      result: outcome,
      ...(line === undefined ? {} : { line }),
      ...(reason === undefined ? {} : { reason }),
      ...(code === undefined ? {} : { code }),
      ...(showSecrets && connectionString !== undefined ? { connectionString } : {}),
    }),
    name: (result) => result.deviceId,
    empty: 'every device is as the input says',
  };
}
