/** Devices that match the target since the plan was made. */
import type { Finding } from '../model/decision.ts';
import type { ObservedDevice } from '../model/observed.ts';
import { inOrder } from '../plan/order.ts';
import { waveEnd } from '../plan/wave-sizes.ts';
import type { Context } from './context.ts';
import { factsOf } from './device-state.ts';
import type { Assigned } from './survey.ts';

/** The state holds those who joined; a fleet that grows by more is worth a rollout of its own. */
const mostJoined = 10_000;

/**
 * Lets devices into the newest open wave, and into later ones when its size is used up; those that no wave has room for stay out. A
 * device joins when it could be offered the firmware, in the order of the rollout. `seen` of the observed
 * devices belong to it already.
 */
export function joinersOf(
  context: Context,
  observed: ReadonlyMap<string, ObservedDevice>,
  joined: readonly Assigned[],
  { opened, seen }: { readonly opened: number; readonly seen: number },
  findings: Finding[],
): readonly Assigned[] {
  const { plan, planned, policy, id } = context;
  if (opened === 0 || observed.size <= seen) return [];
  const known = new Set(joined.map(({ deviceId }) => deviceId));
  const candidates = [...observed.values()].filter(
    (device) =>
      !planned.has(device.deviceId) && !known.has(device.deviceId) && factsOf(context, 0, device).kind === 'free',
  );
  if (candidates.length === 0) return [];
  const parts = context.partsOfWave.map(
    (size, wave) => size + joined.reduce((sum, device) => sum + (device.wave === wave ? 1 : 0), 0),
  );
  const sum = (upTo: number): number => parts.slice(0, upTo + 1).reduce((total, each) => total + each, 0);
  // Those that the plan left out are among the candidates.
  const total = sum(parts.length - 1) + Math.max(plan.leftOut, candidates.length);
  const ends = policy.waves.map(({ size }) => waveEnd(size, total));
  const roomIn = (): number => ends.findIndex((end, wave) => wave >= opened - 1 && sum(wave) < end);
  // Where there is no room, nobody has to stand in line for it.
  if (roomIn() < 0) return [];
  const joiners: Assigned[] = [];
  for (const { deviceId } of inOrder(id, policy.warinessTag, candidates)) {
    const wave = roomIn();
    if (wave < 0 || joined.length + joiners.length >= mostJoined) break;
    parts[wave] = (parts[wave] ?? 0) + 1;
    joiners.push({ deviceId, wave });
    findings.push({ action: 'joined', details: { device: deviceId, wave: wave + 1 } });
  }
  return joiners;
}
