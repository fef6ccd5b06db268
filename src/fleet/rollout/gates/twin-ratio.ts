import { formatExpression } from '../../../protocol/query/index.ts';
import type { Gate } from '../model/spec.ts';
import type { GatePorts, GateSubject, Reading } from './subject.ts';

/** So many devices are named in a query; for more it is cheaper to ask for all that meet the condition. */
const mostNamed = 100;

/**
 * The share of the wave's updated devices whose twin meets a condition, and that of the control group when it is not empty. One query,
 * however many devices there are. Failures: invalid-query, and those of any request.
 */
export async function readTwinRatio(
  { where }: NonNullable<Gate['twin']>,
  { rolloutId, updated, control }: Pick<GateSubject, 'rolloutId' | 'updated' | 'control'>,
  { hub }: Pick<GatePorts, 'hub'>,
  signal?: AbortSignal,
): Promise<Reading> {
  const named = [...updated, ...control];
  const scope =
    named.length <= mostNamed
      ? formatExpression({
          kind: 'in',
          operand: { kind: 'path', segments: ['deviceId'] },
          items: named,
          negated: false,
        })
      : // The mark on each device that was offered something keeps the answer as small as the rollout; the control group has none.
        control.length === 0
        ? `tags.firmware.rollout = '${rolloutId}'`
        : undefined;
  const condition = scope === undefined ? where : `${scope} AND (${where})`;
  const inUpdated = new Set(updated);
  const inControl = new Set(control);
  let met = 0;
  let metInControl = 0;
  for await (const page of hub.queries.query(`SELECT deviceId FROM devices WHERE ${condition}`, signal && { signal })) {
    for (const { deviceId } of page) {
      // Deleted, so that a device that two pages show counts once.
      if (typeof deviceId !== 'string') continue;
      if (inUpdated.delete(deviceId)) met++;
      else if (inControl.delete(deviceId)) metInControl++;
    }
  }
  return {
    value: met / updated.length,
    ...(control.length > 0 && { control: metInControl / control.length }),
    note: `${met} of ${updated.length} devices`,
  };
}
