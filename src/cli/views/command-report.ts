import {
  countResult,
  describeSummary,
  emptyCommandSummary,
  failureOfSummary,
  sendCommands,
  type CommandResult,
  type SendOptions,
} from '../../fleet/commands/index.ts';
import type { DeviceSelector } from '../../fleet/selection/index.ts';
import type { MethodRequest } from '../../protocol/method.ts';
import { countOf } from '../changes/change-devices.ts';
import { confirmChange } from '../changes/confirm-change.ts';
import { selectTargets, targetView } from '../changes/targets.ts';
import type { CommandContext } from '../context.ts';
import { resultView } from './command-view.ts';

export interface FanOutRequest {
  readonly selector: DeviceSelector;
  readonly request: MethodRequest;
  readonly options: SendOptions & { readonly concurrency: number };
  readonly dryRun: boolean;
}

/** Sends a command to the selected devices: a result for each, progress and a summary. Failures: no-match, partial, device-offline. */
export async function fanOut(
  context: CommandContext,
  { selector, request, options, dryRun }: FanOutRequest,
): Promise<void> {
  const hub = await context.hub();
  const ids = await selectTargets(context, hub, selector);
  const devices = countOf(ids);
  if (dryRun) {
    context.notes.info(`${request.methodName} would be sent to ${devices}`);
    await context.output.list(ids, targetView);
    return;
  }
  await confirmChange(context, `Send ${request.methodName} to ${devices} on ${hub.hostName}?`, false);
  const summary = emptyCommandSummary();
  const progress = context.notes.progress(request.methodName, ids.length);
  async function* counted(): AsyncGenerator<CommandResult, void, undefined> {
    for await (const result of sendCommands(hub, context.clock, ids, request, options)) {
      countResult(summary, result);
      progress.advance();
      yield result;
    }
  }
  try {
    await context.output.list(counted(), resultView);
  } finally {
    progress.done(`${request.methodName}: ${describeSummary(summary)}`);
  }
  const failure = failureOfSummary(summary, request.methodName);
  if (failure !== undefined) throw failure;
}
