import type { DeviceOutcome } from '../../fleet/devices/index.ts';
import type { Hub } from '../../fleet/ports.ts';
import { Failure } from '../../errors/index.ts';
import type { CommandContext } from '../context.ts';
import { numberOption, switchOption, type CommandInput, type OptionDeclaration } from '../define-command.ts';
import { readSelector, selectsMany } from '../options/selector.ts';
import type { ListView } from '../output/output.ts';
import { outcomeView, type ChangeWords } from '../views/outcome-view.ts';
import { confirmChange } from './confirm-change.ts';

export const dryRunOption = {
  name: 'dry-run',
  summary: 'only show what would be changed',
} as const satisfies OptionDeclaration;

export interface DevicesChange<Outcome extends DeviceOutcome = DeviceOutcome> {
  readonly words: ChangeWords;
  /** Ask also when it is one device. */
  readonly asksForOne: boolean;
  /** Words with a slash name modules. */
  readonly takesModules?: boolean;
  /** Ids and globs typed. */
  readonly ids: readonly string[];
  /** How the outcomes are shown, when not as outcomes are. */
  readonly view?: ListView<Outcome>;
  readonly run: (hub: Hub, deviceIds: readonly string[], concurrency: number) => AsyncIterable<Outcome>;
}

/**
 * Changes the selected devices: names them all first, asks with their number, then a line per device and a failure `partial` when some
 * failed. A single device ends with its own failure. The command declares `selectorOptions` and {@link dryRunOption}.
 */
export async function changeDevices<Outcome extends DeviceOutcome>(
  context: CommandContext,
  input: CommandInput,
  change: DevicesChange<Outcome>,
): Promise<void> {
  const { words } = change;
  const hub = await context.hub();
  const selector = await readSelector(context, input, change.ids);
  const many = selectsMany(selector);
  const { selectDevices } = await import('../../fleet/selection/index.ts');
  const deviceIds: string[] = [];
  const selection = { check: true, modules: change.takesModules === true, signal: context.signal };
  for await (const id of selectDevices(hub, selector, selection)) deviceIds.push(id);
  if (deviceIds.length === 0) throw new Failure('no-match', `no device matches the selection; none was ${words.done}`);
  if (switchOption(input, 'dryRun')) {
    context.notes.info(`${countOf(deviceIds)} would be ${words.done}`);
    await context.output.list(
      deviceIds.map((deviceId): DeviceOutcome => ({ deviceId, result: 'planned' })),
      outcomeView(words),
    );
    return;
  }
  await confirmChange(
    context,
    `${capital(words.infinitive)} ${countOf(deviceIds)} on ${hub.hostName} (${sampleOf(deviceIds)})?`,
    many || change.asksForOne,
  );
  const outcomes: DeviceOutcome[] = [];
  const progress = context.notes.progress(words.infinitive, deviceIds.length);
  try {
    await context.output.list(
      counted(
        change.run(hub, deviceIds, numberOption(input, 'concurrency') ?? 1),
        outcomes,
        progress.advance.bind(progress),
      ),
      change.view ?? outcomeView(words),
    );
  } finally {
    progress.done(summaryOf(outcomes, words));
  }
  context.signal.throwIfAborted();
  const failure = failureOf(outcomes, words, many);
  if (failure !== undefined) throw failure;
}

async function* counted<Outcome extends DeviceOutcome>(
  outcomes: AsyncIterable<Outcome>,
  seen: DeviceOutcome[],
  advance: () => void,
): AsyncGenerator<Outcome, void, undefined> {
  for await (const outcome of outcomes) {
    seen.push(outcome);
    advance();
    yield outcome;
  }
}

function failureOf(outcomes: readonly DeviceOutcome[], words: ChangeWords, many: boolean): Failure | undefined {
  const failed = outcomes.filter(({ result }) => result === 'failed');
  const [first] = failed;
  if (first === undefined) return undefined;
  if (!many && first.error !== undefined)
    return new Failure(first.error.code, first.error.message, {
      hint: first.hint,
      details: { deviceId: first.deviceId },
    });
  return new Failure('partial', `${failed.length} of ${countOf(outcomes)} could not be ${words.done}`, {
    hint: 'the reason is in the line of each; run the command again for those',
    details: { failed: failed.length, total: outcomes.length },
  });
}

function summaryOf(outcomes: readonly DeviceOutcome[], words: ChangeWords): string {
  const count = (result: DeviceOutcome['result']): number =>
    outcomes.filter((outcome) => outcome.result === result).length;
  const parts = [`${count('changed')} ${words.done}`];
  if (count('unchanged') > 0) parts.push(`${count('unchanged')} ${words.already}`);
  if (count('failed') > 0) parts.push(`${count('failed')} failed`);
  return parts.join(', ');
}

/** `1 device`, `12 devices`. */
export function countOf(things: readonly unknown[]): string {
  return `${things.length} ${things.length === 1 ? 'device' : 'devices'}`;
}

function sampleOf(ids: readonly string[]): string {
  return ids.length <= 5 ? ids.join(', ') : `${ids.slice(0, 4).join(', ')}, …`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
