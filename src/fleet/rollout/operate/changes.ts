/** What happened between two looks at a rollout: a story for pipes, logs, and the foot of the live tree. */
import { hasEnded } from './standing.ts';
import type { RolloutStatus } from './status.ts';
import type { GateVerdict, HaltReason, Phase, Summary, WaveState } from '../model/record.ts';

/** Waves are counted from 1, times are ISO 8601. */
export type RolloutChange = { readonly time: string } & (
  | { readonly kind: 'phase'; readonly phase: Phase; readonly halt: HaltReason | undefined }
  | { readonly kind: 'wave-opened'; readonly wave: number; readonly devices: number }
  | { readonly kind: 'wave-closed'; readonly wave: number }
  | {
      readonly kind: 'gate';
      readonly wave: number;
      readonly gate: string;
      readonly verdict: GateVerdict;
      readonly dryRun: boolean;
      readonly value: number | undefined;
      readonly control: number | undefined;
    }
  | { readonly kind: 'failures'; readonly code: string; readonly count: number; readonly more: number }
  | { readonly kind: 'controller'; readonly holder: string; readonly fence: number }
  | { readonly kind: 'progress'; readonly summary: Summary; readonly devices: number }
);

type Undated = RolloutChange extends infer Change ? (Change extends unknown ? Omit<Change, 'time'> : never) : never;

/** In the order in which they have to be told; `before` is undefined at the first look. */
export function changesOf(before: RolloutStatus | undefined, after: RolloutStatus, now: number): RolloutChange[] {
  const found: Undated[] = [
    ...controllerChange(before, after),
    ...waveChanges(before, after),
    ...failureChanges(before, after),
    ...phaseChange(before, after),
  ];
  const time = new Date(now).toISOString();
  return found.map((change) => ({ time, ...change }));
}

/** How far a rollout has come, for a reader that is told now and then. */
export function progressOf({ state, header }: RolloutStatus, now: number): RolloutChange[] {
  if (state === undefined) return [];
  return [{ time: new Date(now).toISOString(), kind: 'progress', summary: state.summary, devices: header.devices }];
}

function controllerChange(before: RolloutStatus | undefined, after: RolloutStatus): Undated[] {
  const { lease } = after;
  if (lease === undefined || hasEnded(after)) return [];
  if (before?.lease?.holder === lease.holder && before.lease.fence === lease.fence) return [];
  return [{ kind: 'controller', holder: lease.holder, fence: lease.fence }];
}

function waveChanges(before: RolloutStatus | undefined, { state }: RolloutStatus): Undated[] {
  const waves = state?.waves ?? [];
  return waves.flatMap((wave, index): Undated[] => {
    const earlier = before?.state?.waves[index];
    const number = index + 1;
    const devices = state?.summary.waves[index]?.devices ?? 0;
    return [
      ...(earlier === undefined ? [{ kind: 'wave-opened', wave: number, devices } as const] : []),
      ...gateChanges(earlier, wave, number),
      ...(wave.closedAt !== undefined && earlier?.closedAt === undefined
        ? [{ kind: 'wave-closed', wave: number } as const]
        : []),
    ];
  });
}

function gateChanges(earlier: WaveState | undefined, { gates }: WaveState, wave: number): Undated[] {
  return gates.flatMap(({ name, dryRun, verdict, last }): Undated[] => {
    const known = earlier?.gates.find((gate) => gate.name === name)?.verdict;
    if (verdict === undefined || verdict === known) return [];
    return [{ kind: 'gate', wave, gate: name, verdict, dryRun, value: last?.value, control: last?.control }];
  });
}

function failureChanges(before: RolloutStatus | undefined, { state }: RolloutStatus): Undated[] {
  const known = before?.state?.summary.failuresByCode ?? {};
  return Object.entries(state?.summary.failuresByCode ?? {}).flatMap(([code, count]): Undated[] => {
    const more = count - (known[code] ?? 0);
    return more > 0 ? [{ kind: 'failures', code, count, more }] : [];
  });
}

function phaseChange(before: RolloutStatus | undefined, { state }: RolloutStatus): Undated[] {
  if (state === undefined) return [];
  const { phase, halt } = state;
  if (before?.state?.phase === phase && JSON.stringify(before.state.halt) === JSON.stringify(halt)) return [];
  return [{ kind: 'phase', phase, halt }];
}
