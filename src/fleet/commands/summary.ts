import { Failure, isFailure } from '../../errors/index.ts';
import { failureStatus, succeeded, type CommandResult } from './send-command.ts';

/** Counts of a fan-out. */
export interface CommandSummary {
  total: number;
  succeeded: number;
  /** Answered with a failure status. */
  refused: number;
  offline: number;
  unanswered: number;
  /** Everything else: unknown device, an answer that is not JSON, a hub that cannot be reached. */
  other: number;
}

export function emptyCommandSummary(): CommandSummary {
  return { total: 0, succeeded: 0, refused: 0, offline: 0, unanswered: 0, other: 0 };
}

/** Adds one result to the counts. */
export function countResult(summary: CommandSummary, result: CommandResult): void {
  summary.total++;
  if (succeeded(result)) summary.succeeded++;
  else if (result.status !== undefined && result.status >= failureStatus) summary.refused++;
  else if (isFailure(result.failure, 'device-offline')) summary.offline++;
  else if (isFailure(result.failure, 'device-no-answer')) summary.unanswered++;
  else summary.other++;
}

/** `498 of 500 devices answered; 1 offline, 1 gave no answer`. */
export function describeSummary(summary: CommandSummary): string {
  const parts: string[] = [];
  if (summary.refused > 0) parts.push(`${summary.refused} answered with a failure`);
  if (summary.offline > 0) parts.push(`${summary.offline} offline`);
  if (summary.unanswered > 0) parts.push(`${summary.unanswered} gave no answer`);
  if (summary.other > 0) parts.push(`${summary.other} failed otherwise`);
  const devices = summary.total === 1 ? 'device' : 'devices';
  return `${summary.succeeded} of ${summary.total} ${devices} succeeded${parts.length === 0 ? '' : `; ${parts.join(', ')}`}`;
}

/** What a fan-out ends with: nothing when all succeeded, device-offline when none was there, partial otherwise. */
export function failureOfSummary(summary: CommandSummary, command: string): Failure | undefined {
  if (summary.succeeded === summary.total) return undefined;
  const failed = summary.total - summary.succeeded;
  const text = `${command} failed on ${failed} of ${summary.total} ${summary.total === 1 ? 'device' : 'devices'}`;
  const details = { ...summary };
  if (summary.offline === summary.total)
    return new Failure('device-offline', `${text}: offline`, { details, hint: 'iotctl device list' });
  return new Failure('partial', text, { details });
}
