import type { Plan } from '../../fleet/rollout/model/plan.ts';
import { manifestName } from '../../protocol/firmware/manifest.ts';
import type { CommandContext } from '../context.ts';
import { offeredCount, planView, planWaves, planWaveView } from '../views/plan-view.ts';
import { devicesText, numberText } from '../views/rollout-words.ts';

/** A plan as a table of its waves with its digest, or as a document for a program. */
export async function showPlan({ output }: Pick<CommandContext, 'output'>, plan: Plan): Promise<void> {
  if (output.format !== 'table' && output.format !== 'wide') return output.document(plan, planView);
  await output.list(planWaves(plan), planWaveView);
  await output.text(`${planText(plan)}\nplan ${plan.digest}\n`);
}

/** `pump-2 brings pump@2.1.0 to 988 of 1,000 devices in 4 waves`. */
export function planText(plan: Plan): string {
  const { spec, devices, waveEnds, leftOut } = plan;
  const offered = offeredCount(plan);
  const of = offered === devices.length ? '' : `${numberText(offered)} of `;
  const waves = waveEnds.length === 1 ? 'one wave' : `${waveEnds.length} waves`;
  const beyond = leftOut === 0 ? '' : `; ${numberText(leftOut)} more match and are left out`;
  return `${spec.id} brings ${manifestName(plan.firmware.manifest)} to ${of}${devicesText(devices.length)} in ${waves}${beyond}`;
}

/** Says which devices that were named are not planned. */
export function warnOfMissing({ notes }: Pick<CommandContext, 'notes'>, missing: readonly string[]): void {
  if (missing.length === 0) return;
  const sample = `${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ', …' : ''}`;
  notes.warn(
    `${devicesText(missing.length)} named ${missing.length === 1 ? 'is' : 'are'} not at the hub, or kept out by --where: ${sample}`,
  );
}
