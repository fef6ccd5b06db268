import { Failure } from '../../errors/index.ts';
import { attachRollout, makePlan, startRollout } from '../../fleet/rollout/operate/index.ts';
import type { Plan } from '../../fleet/rollout/model/plan.ts';
import { parsePlan } from '../../fleet/rollout/plan/index.ts';
import { confirmChange } from '../changes/confirm-change.ts';
import type { CommandContext } from '../context.ts';
import { switchOption, textOption, type CommandInput } from '../define-command.ts';
import { devicesText } from '../views/rollout-words.ts';
import { actorOf } from './actor.ts';
import { readSpec } from './read-spec.ts';
import { planText, showPlan, warnOfMissing } from './show-plan.ts';
import { drivenHere } from './drive-here.ts';
import { showOrWait } from './wait-for-rollout.ts';

/** Lets a rollout begin, by a plan file or by a specification, and with --wait follows it. Failures: drifted, conflict. */
export async function beginRollout(
  context: CommandContext,
  input: CommandInput,
  file: string | undefined,
): Promise<void> {
  if (
    file !== undefined &&
    ['file', 'firmware', 'where', 'from', 'id', 'waves'].some((name) => textOption(input, name) !== undefined)
  )
    throw new Failure('usage', 'a plan file says everything already', {
      hint: 'leave out -f and the other flags of a specification',
    });
  const id = file === undefined ? await beginBySpec(context, input) : await beginByPlan(context, input, file);
  if (id === undefined) return;
  const wait = switchOption(input, 'wait');
  const allowCommands = switchOption(input, 'allowCommands');
  await drivenHere(context, id, { wait, allowCommands }, () => showOrWait(context, input, id, wait));
}

async function beginByPlan(context: CommandContext, input: CommandInput, file: string): Promise<string | undefined> {
  const plan = parsePlan(await readJson(context, file));
  return begin(context, input, plan, false);
}

async function beginBySpec(context: CommandContext, input: CommandInput): Promise<string | undefined> {
  const spec = await readSpec(context, input, []);
  const hub = await context.hub();
  const { clock, signal, notes } = context;
  const options = { actor: actorOf(context), now: clock.now(), signal };
  const attached = await attachRollout(hub, spec, options);
  if (attached !== undefined) {
    notes.info(`rollout ${spec.id} is there already and goes on`);
    return spec.id;
  }
  const { plan, missing } = await makePlan(hub, spec, options);
  warnOfMissing(context, missing);
  return begin(context, input, plan, true);
}

/** The id of the rollout; undefined when it was only to be shown. */
async function begin(
  context: CommandContext,
  input: CommandInput,
  plan: Plan,
  asks: boolean,
): Promise<string | undefined> {
  const { clock, signal, notes } = context;
  const { id } = plan.spec;
  if (switchOption(input, 'dryRun')) {
    await showPlan(context, plan);
    notes.info('nothing was created');
    return undefined;
  }
  const hub = await context.hub();
  await confirmChange(context, `${planText(plan)}, on ${hub.hostName}. Begin?`, asks);
  const started = await startRollout(hub, plan, { actor: actorOf(context), now: clock.now(), signal });
  if (started.outcome === 'created') notes.success(`rollout ${id} is created for ${devicesText(plan.devices.length)}`);
  else if (started.planDigest === plan.digest) notes.info(`rollout ${id} is there already and goes on`);
  else
    notes.warn(
      `rollout ${id} is there already and goes on by the plan it was created with, ${started.planDigest.slice(0, 12)}`,
    );
  return id;
}

async function readJson(context: CommandContext, file: string): Promise<unknown> {
  const { readDocument } = await import('../changes/read-document.ts');
  return readDocument(context, file === '-' ? file : `@${file}`);
}
