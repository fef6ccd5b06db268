import { Failure } from '../../errors/index.ts';
import { readTrustText } from '../../fleet/firmware/index.ts';
import type { Plan } from '../../fleet/rollout/model/plan.ts';
import type { GateVerdict } from '../../fleet/rollout/model/record.ts';
import { makePlan } from '../../fleet/rollout/operate/index.ts';
import { parsePlan } from '../../fleet/rollout/plan/index.ts';
import {
  readFleet,
  rehearse,
  type Rehearsal,
  type RehearsalChange,
  type RehearsalRequest,
} from '../../fleet/rollout/rehearsal/index.ts';
import { readFaults } from '../../fleet/simulation/index.ts';
import { readDocument } from '../changes/read-document.ts';
import type { CommandContext } from '../context.ts';
import { listOption, numberOption, textOption, type CommandInput } from '../define-command.ts';
import { nameOfInput, readText } from '../firmware/read-bytes.ts';
import { outcomeText, rehearsalText, rehearsalTimelineView, rehearsalView } from '../views/rehearsal-view.ts';
import { readSpec } from './read-spec.ts';
import { warnOfMissing } from './show-plan.ts';

/** Rehearses a plan file, or a plan made of a specification. Failures: rollout-halted, rollout-needs-person, timed-out. */
export async function rehearseRollout(
  context: CommandContext,
  input: CommandInput,
  file: string | undefined,
): Promise<void> {
  const faults = textOption(input, 'faults') ?? 'none';
  const seed = numberOption(input, 'seed') ?? 1;
  const asked = {
    faults: readFaults('--faults', faults),
    seed,
    verdicts: verdictsOf(listOption(input, 'gate')),
    trust: await readTrust(context, input),
  };
  const cast = file === undefined ? await castOfSpec(context, input) : { plan: await readPlan(context, file) };
  const rehearsal = await withProgress(context, (onChange) =>
    rehearse({ ...cast, ...asked, onChange, signal: context.signal }),
  );
  const { output } = context;
  if (output.format === 'table' || output.format === 'wide')
    await output.list(rehearsal.changes, rehearsalTimelineView);
  await output.document({ ...rehearsal, faults, seed }, rehearsalView);
  const failure = failureOf(rehearsal);
  if (failure !== undefined) throw failure;
}

async function withProgress(
  { notes }: CommandContext,
  work: (onChange: (change: RehearsalChange) => void) => Promise<Rehearsal>,
): Promise<Rehearsal> {
  const progress = notes.progress('rehearsing');
  try {
    return await work((change) => {
      progress.advance(1);
      progress.say(rehearsalText(change)[0]);
    });
  } finally {
    progress.done();
  }
}

async function readPlan(context: CommandContext, file: string): Promise<Plan> {
  return parsePlan(await readDocument(context, file === '-' ? file : `@${file}`));
}

/** A plan of the fleet as it is, and what the hub knows of the devices. */
async function castOfSpec(
  context: CommandContext,
  input: CommandInput,
): Promise<Pick<RehearsalRequest, 'plan' | 'fleet' | 'releases'>> {
  const spec = await readSpec(context, input, []);
  const hub = await context.hub();
  const { plan, missing } = await makePlan(hub, spec, { now: context.clock.now(), signal: context.signal });
  warnOfMissing(context, missing);
  return { plan, ...(await readFleet(hub, plan, context.signal)) };
}

async function readTrust(context: CommandContext, input: CommandInput): Promise<RehearsalRequest['trust']> {
  const file = textOption(input, 'trust');
  return file === undefined ? undefined : readTrustText(await readText(context, file), nameOfInput(file)).trust;
}

const verdicts: readonly string[] = ['pass', 'fail', 'inconclusive'] satisfies GateVerdict[];

function verdictsOf(texts: readonly string[]): Map<string, GateVerdict> {
  return new Map(
    texts.map((text) => {
      const at = text.lastIndexOf('=');
      const verdict = text.slice(at + 1);
      if (at > 0 && verdicts.includes(verdict)) return [text.slice(0, at), verdict as GateVerdict];
      throw new Failure('invalid-value', `--gate: "${text}" is not NAME=pass, NAME=fail or NAME=inconclusive`);
    }),
  );
}

/** What the command ends with; undefined when the rollout completed. */
function failureOf(rehearsal: Rehearsal): Failure | undefined {
  const { rollout, standing } = rehearsal;
  const message = `the rehearsal of ${rollout} ${standing === 'needs-person' ? '' : 'is '}${outcomeText(rehearsal)}`;
  const details = { rollout, outcome: standing, touched: rehearsal.touched };
  switch (standing) {
    case 'completed':
      return undefined;
    case 'going':
      return new Failure('timed-out', `the rehearsal of ${rollout} has not ended within 60 days of its time`, {
        details,
      });
    case 'needs-person':
      return new Failure('rollout-needs-person', message, { details, hint: 'another policy, or other --faults' });
    case 'halted':
    case 'aborted':
    case 'reverted':
      return new Failure('rollout-halted', message, { details, hint: 'another policy, or other --faults' });
  }
}
