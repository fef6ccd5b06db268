import { askRollout, readRollout, withWish, type RolloutStatus, type Wish } from '../../fleet/rollout/operate/index.ts';
import { confirmChange } from '../changes/confirm-change.ts';
import type { CommandContext } from '../context.ts';
import { requiredArg, switchOption, type CommandInput, type OptionDeclaration } from '../define-command.ts';
import { actorOf } from './actor.ts';
import { showStatus } from './show-status.ts';

export const askOptions: readonly OptionDeclaration[] = [
  { name: 'dry-run', summary: 'only say what would be asked of the rollout' },
];

export const askExitCodes = [1, 3, 4, 5, 9, 143] as const;

/** What a command asks of a rollout. Texts begin in the middle of a sentence. */
export interface Ask {
  /** Called with the rollout as it is now; may read more. */
  readonly wish: (rollout: RolloutStatus, hub: Awaited<ReturnType<CommandContext['hub']>>) => Wish | Promise<Wish>;
  /** `stop pump-2: 12 offers are withdrawn`, for the question, which is only asked where `asks`. */
  readonly effect: (rollout: RolloutStatus, wish: Wish) => string;
  readonly asks: boolean;
  /** Said when it is what is asked for already. */
  readonly already: string;
}

/** Asks something of the rollout named, says so, and shows how it stands. Failures: conflict, confirmation-missing. */
export async function ask(context: CommandContext, input: CommandInput, words: Ask): Promise<void> {
  const { notes, clock, signal } = context;
  const hub = await context.hub();
  const id = requiredArg(input, 'rollout');
  const rollout = await readRollout(hub.records, id, signal);
  const wish = await words.wish(rollout, hub);
  const effect = words.effect(rollout, wish);
  if (withWish(rollout, wish) === undefined) {
    notes.info(`rollout ${id} ${words.already}`);
    return showStatus(context, rollout);
  }
  if (switchOption(input, 'dryRun')) {
    notes.info(`would ${effect}`);
    return showStatus(context, rollout);
  }
  await confirmChange(context, `${effect.charAt(0).toUpperCase()}${effect.slice(1)}, on ${hub.hostName}?`, words.asks);
  const { changed } = await askRollout(hub, id, wish, { actor: actorOf(context), now: clock.now(), signal });
  if (changed) notes.success(`asked to ${effect}; the controller follows within seconds`);
  else notes.info(`rollout ${id} ${words.already}`);
  await showStatus(context, await readRollout(hub.records, id, signal));
}
