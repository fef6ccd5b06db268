import { toFailure } from '../../errors/index.ts';
import { readStandings, type RolloutStatus } from '../../fleet/rollout/operate/index.ts';
import { writeFileAtomic } from '../../std/atomic-file.ts';
import type { CommandContext } from '../context.ts';
import { junitText, markdownText, reportJson, type RolloutReport } from '../views/rollout-report.ts';
import type { ReportFormat } from './report-format.ts';

/** Looks at every device of a rollout and writes what became of it. Failures of the hub and of the system. */
export async function writeReport(
  context: CommandContext,
  status: RolloutStatus,
  file: string,
  format: ReportFormat,
): Promise<void> {
  const { clock, notes, signal } = context;
  const devices = await readStandings(await context.hub(), status, { now: clock.now(), signal });
  try {
    await writeFileAtomic(file, textOf({ status, devices, now: clock.now() }, format), 0o644);
  } catch (error) {
    throw toFailure(error, file);
  }
  notes.success(`report written to ${file}`);
}

function textOf(report: RolloutReport, format: ReportFormat): string {
  switch (format) {
    case 'junit':
      return junitText(report);
    case 'json':
      return `${JSON.stringify(reportJson(report), null, 2)}\n`;
    case 'markdown':
      return markdownText(report);
  }
}
