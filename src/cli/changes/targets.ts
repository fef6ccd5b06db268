import { Failure } from '../../errors/index.ts';
import type { Hub } from '../../fleet/ports.ts';
import { selectDevices, type DeviceSelector } from '../../fleet/selection/index.ts';
import type { CommandContext } from '../context.ts';
import type { ListView } from '../output/output.ts';

/**
 * All whom something is to be sent to, before the first gets it: a mistyped device or condition must not leave half of the fleet
 * with it. Failures: no-match and those of the selection.
 */
export async function selectTargets(
  { signal }: Pick<CommandContext, 'signal'>,
  hub: Hub,
  selector: DeviceSelector,
): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const id of selectDevices(hub, selector, { check: true, modules: true, signal })) ids.push(id);
  if (ids.length === 0) throw new Failure('no-match', 'no device matches the selection; nothing was sent');
  return ids;
}

/** What a dry run shows of them. */
export const targetView: ListView<string> = {
  columns: [{ header: 'DEVICE', value: (id) => id }],
  json: (id) => ({ deviceId: id }),
  name: (id) => id,
};
