import { toFailure } from '../../errors/index.ts';
import type { Plan } from '../../fleet/rollout/model/plan.ts';
import { writeFileAtomic } from '../../std/atomic-file.ts';

/** A line per device, so that two plans can be compared with the tools one has. */
function planFileText(plan: Plan): string {
  const { devices, ...rest } = plan;
  const head = JSON.stringify({ ...rest, devices: [] }, null, 2);
  const lines = devices.map((device) => `    ${JSON.stringify(device)}`).join(',\n');
  // The last empty list of the text is this one: nothing that follows it has one.
  const at = head.lastIndexOf('"devices": []');
  return `${head.slice(0, at)}"devices": [\n${lines}\n  ]${head.slice(at + '"devices": []'.length)}\n`;
}

/** Whole or not at all. Failures of the system. */
export async function writePlan(file: string, plan: Plan): Promise<void> {
  try {
    await writeFileAtomic(file, planFileText(plan), 0o644);
  } catch (error) {
    throw toFailure(error, file);
  }
}
