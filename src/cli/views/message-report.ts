import { Failure } from '../../errors/index.ts';
import {
  sendMessages,
  type MessageResult,
  type OutgoingMessage,
  type SendMessagesOptions,
} from '../../fleet/messages/index.ts';
import type { DeviceSelector } from '../../fleet/selection/index.ts';
import { countOf } from '../changes/change-devices.ts';
import { confirmChange } from '../changes/confirm-change.ts';
import { selectTargets, targetView } from '../changes/targets.ts';
import type { CommandContext } from '../context.ts';
import { selectsMany } from '../options/selector.ts';
import { messageResultView, sentMessageView } from './message-view.ts';

export interface MessageFanOut {
  readonly selector: DeviceSelector;
  readonly message: OutgoingMessage;
  readonly options: Omit<SendMessagesOptions, 'signal' | 'onLink'>;
  readonly dryRun: boolean;
}

/** Sends a message to the selected devices. Failures: no-match, partial, or that of the only device. */
export async function fanOutMessage(
  context: CommandContext,
  { selector, message, options, dryRun }: MessageFanOut,
): Promise<void> {
  const hub = await context.hub();
  const ids = await selectTargets(context, hub, selector);
  if (dryRun) {
    context.notes.info(`the message would be sent to ${countOf(ids)}`);
    await context.output.list(ids, targetView);
    return;
  }
  const many = selectsMany(selector);
  await confirmChange(context, `Send a message to ${many ? countOf(ids) : ids[0]} on ${hub.hostName}?`, false);
  const { notes } = context;
  const results = sendMessages(hub, context.clock, ids, message, {
    ...options,
    signal: context.signal,
    onLink(event) {
      if (event.kind === 'lost') notes.warn(`lost the hub: ${event.reason}; reconnecting…`);
    },
  });
  if (options.waitMs !== undefined && notes.isTTY)
    notes.info('waiting for feedback, which a hub gives up to 15 s late');
  if (many) await reportMany(context, results, ids.length);
  else await reportOne(context, results);
}

async function reportOne(context: CommandContext, results: AsyncIterable<MessageResult>): Promise<void> {
  for await (const result of results) {
    if (result.failure !== undefined) throw result.failure;
    await context.output.document(result, sentMessageView);
  }
}

async function reportMany(
  context: CommandContext,
  results: AsyncIterable<MessageResult>,
  total: number,
): Promise<void> {
  let failed = 0;
  const progress = context.notes.progress('send', total);
  async function* counted(): AsyncGenerator<MessageResult, void, undefined> {
    for await (const result of results) {
      if (result.failure !== undefined) failed++;
      progress.advance();
      yield result;
    }
  }
  try {
    await context.output.list(counted(), messageResultView);
  } finally {
    progress.done(failed === 0 ? `sent to ${total}` : `sent to ${total - failed}, ${failed} failed`);
  }
  if (failed > 0) {
    throw new Failure('partial', `the message failed for ${failed} of ${total} devices`, {
      hint: 'the reason is in the line of each',
      details: { failed, total },
    });
  }
}
