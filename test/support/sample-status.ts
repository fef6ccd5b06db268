import type { DeviceState } from '../../src/fleet/rollout/model/observed.ts';
import type { Intent, State, Summary } from '../../src/fleet/rollout/model/record.ts';
import type { SpecInput } from '../../src/fleet/rollout/model/spec.ts';
import type { RolloutStatus } from '../../src/fleet/rollout/operate/index.ts';
import { samplePlan } from './sample-plan.ts';

/** When sample rollouts begin. */
export const sampleStart = Date.UTC(2026, 10, 22, 4, 0, 0);

export interface SampleStatus {
  readonly waveEnds?: readonly number[];
  readonly policy?: SpecInput['policy'];
  readonly intent?: Partial<Intent>;
  /** No controller has looked at it. */
  readonly notBegun?: true;
  readonly state?: Partial<Omit<State, 'summary'>>;
  readonly summary?: Partial<Summary>;
  /** States of the devices of each wave; planned when absent. */
  readonly states?: readonly Readonly<Partial<Record<DeviceState, number>>>[];
}

/** A rollout `pump-2` that has opened its first wave, changed as a test wants it. */
export function sampleStatus(change: SampleStatus = {}): RolloutStatus {
  const waveEnds = change.waveEnds ?? [5, 100, 1_000];
  const plan = samplePlan(0, waveEnds, { ...(change.policy && { policy: change.policy }) });
  const waves = waveEnds.map((end, index) => {
    const devices = end - (waveEnds[index - 1] ?? 0);
    return { devices, states: change.states?.[index] ?? { planned: devices } };
  });
  const summary: Summary = {
    waves,
    decided: 0,
    failures: 0,
    failuresByCode: {},
    blocked: {},
    inProgress: 0,
    offersPerMinute: 0,
    ...change.summary,
  };
  const state: State = {
    phase: 'running',
    waves: [{ openedAt: sampleStart, gates: [] }],
    offering: [],
    rate: { tokens: 0, at: sampleStart, perMinute: 60 },
    joined: [],
    cannotReturn: [],
    startedAt: sampleStart,
    updatedAt: sampleStart,
    fence: 1,
    ...change.state,
    summary,
  };
  return {
    id: 'pump-2',
    header: {
      format: 1,
      spec: plan.spec,
      firmware: plan.firmware,
      planDigest: plan.digest,
      plannedAt: plan.createdAt,
      createdAt: new Date(sampleStart).toISOString(),
      createdBy: 'mara',
      waveEnds,
      leftOut: 0,
      devices: waveEnds.at(-1) ?? 0,
      parts: 1,
    },
    intent: { paused: false, approved: [], promoted: [], retries: [], ...change.intent },
    state: change.notBegun === true ? undefined : state,
    lease: { holder: 'hub-a', fence: 1, beat: 1, ttlMs: 15_000 },
  };
}
