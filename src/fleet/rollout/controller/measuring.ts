import { sleep } from '../../../std/clock.ts';
import { measureGate, type GateSubject } from '../gates/index.ts';
import type { DecideInput } from '../model/decision.ts';
import { gatesOf } from '../model/gates.ts';
import type { ObservedDevice } from '../model/observed.ts';
import type { Plan } from '../model/plan.ts';
import type { State } from '../model/record.ts';
import { createBackoff, passingTrouble } from './backoff.ts';
import type { ControllerPorts } from './ports.ts';

type Taken = DecideInput['measurements'][number];

export interface Measuring {
  /** Begins to measure, unless that is under way. */
  begin(wave: number, gate: string, state: State): void;
  /** What has been measured since this was asked last. */
  drain(): readonly Taken[];
}

interface MeasuringOptions {
  readonly ports: Pick<ControllerPorts, 'hub' | 'clock' | 'random' | 'runProgram'>;
  readonly plan: Plan;
  readonly devices: ReadonlyMap<string, ObservedDevice>;
  readonly onMeasured: () => void;
  readonly onFailure: (error: unknown) => void;
  readonly signal: AbortSignal;
}

/** Gates are measured beside the driving: a program of a gate may take minutes, and a limit must be kept within seconds. */
export function createMeasuring(options: MeasuringOptions): Measuring {
  const { ports, plan, devices, onMeasured, onFailure, signal } = options;
  const { policy } = plan.spec;
  const running = new Set<string>();
  let taken: Taken[] = [];

  async function measure(wave: number, name: string, state: State): Promise<void> {
    const gate = gatesOf(policy, wave).find((each) => each.name === name);
    if (gate === undefined) throw new Error(`there is no gate "${name}" in wave ${wave}`);
    const backoff = createBackoff(ports.random);
    for (;;) {
      try {
        const subject = subjectOf(plan, state, devices, wave);
        taken.push({ wave, gate: name, measurement: await measureGate(gate, subject, ports, signal) });
        return;
      } catch (error) {
        signal.throwIfAborted();
        passingTrouble(error);
        await sleep(ports.clock, backoff.next(), signal);
      }
    }
  }

  return {
    begin(wave, gate, state) {
      const key = `${wave} ${gate}`;
      if (running.has(key)) return;
      running.add(key);
      void measure(wave, gate, state)
        .then(onMeasured)
        .catch((error: unknown) => signal.aborted || onFailure(error))
        .finally(() => running.delete(key));
    },
    drain() {
      const drained = taken;
      taken = [];
      return drained;
    },
  };
}

/** The devices of a wave that run the new firmware, and those of the rollout that nothing was offered to yet. */
function subjectOf(plan: Plan, state: State, devices: ReadonlyMap<string, ObservedDevice>, wave: number): GateSubject {
  const { spec, firmware } = plan;
  const { sha256, version } = firmware.manifest;
  const updated: string[] = [];
  const control: string[] = [];
  for (const member of [...plan.devices, ...state.joined]) {
    const device = devices.get(member.deviceId);
    if (device === undefined) continue;
    const isUpdated = device.report?.value.digest === sha256;
    if (isUpdated && member.wave === wave) updated.push(member.deviceId);
    else if (!isUpdated && device.mark?.rollout !== spec.id) control.push(member.deviceId);
  }
  return { rolloutId: spec.id, firmwareVersion: version, wave, updated, control };
}
