import { Failure } from '../../errors/index.ts';
import type { DeviceOutcome } from '../../fleet/devices/index.ts';
import type { CommandContext } from '../context.ts';
import { outcomeView, type ChangeWords } from '../views/outcome-view.ts';

/** A line for each identity as it is done; a single one ends with its own failure, several with `partial`. */
export async function reportOutcomes(
  context: Pick<CommandContext, 'output' | 'signal'>,
  outcomes: AsyncIterable<DeviceOutcome>,
  { words, total }: { readonly words: ChangeWords; readonly total: number },
): Promise<void> {
  const failed: DeviceOutcome[] = [];
  async function* noted(): AsyncGenerator<DeviceOutcome, void, undefined> {
    for await (const outcome of outcomes) {
      if (outcome.result === 'failed') failed.push(outcome);
      yield outcome;
    }
  }
  await context.output.list(noted(), outcomeView(words));
  context.signal.throwIfAborted();
  const [first] = failed;
  if (first?.error === undefined) return;
  if (total === 1) {
    throw new Failure(first.error.code, first.error.message, {
      hint: first.hint,
      details: { deviceId: first.deviceId },
    });
  }
  throw new Failure('partial', `${failed.length} of ${total} could not be ${words.done}`, {
    hint: 'the reason is in the line of each',
    details: { failed: failed.length, total },
  });
}
