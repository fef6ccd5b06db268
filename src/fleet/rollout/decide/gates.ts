import type { Action, DecideInput, Finding } from '../model/decision.ts';
import { gatesOf } from '../model/gates.ts';
import type { GateState, GateVerdict, Measurement, WaveState } from '../model/record.ts';
import type { Gate, Policy } from '../model/spec.ts';

export function freshGates(gates: readonly Gate[]): readonly GateState[] {
  return gates.map(({ name, dryRun }) => ({ name, dryRun, measured: 0, failed: 0, inconclusive: 0 }));
}

/** Adds measurements to the gates of an open wave. One that is not newer than the last has been counted before. */
export function countMeasurements(
  policy: Policy,
  waves: readonly WaveState[],
  measurements: DecideInput['measurements'],
  findings: Finding[],
): readonly WaveState[] {
  if (measurements.length === 0) return waves;
  return waves.map((state, wave) => {
    const specs = gatesOf(policy, wave);
    const gates = state.gates.map((gate) =>
      measurements
        .filter((each) => each.wave === wave && each.gate === gate.name)
        .reduce((current, { measurement }) => {
          const spec = specs.find(({ name }) => name === gate.name);
          const next = spec === undefined ? current : countOne(spec, current, measurement);
          if (next.verdict !== current.verdict && next.verdict !== undefined) {
            findings.push(verdictFinding(wave, next, next.verdict));
          }
          return next;
        }, gate),
    );
    return { ...state, gates };
  });
}

function countOne(spec: Gate, gate: GateState, measurement: Measurement): GateState {
  if (gate.verdict !== undefined || (gate.last !== undefined && measurement.at <= gate.last.at)) return gate;
  const counted = {
    ...gate,
    measured: gate.measured + 1,
    failed: gate.failed + (measurement.verdict === 'fail' ? 1 : 0),
    inconclusive: gate.inconclusive + (measurement.verdict === 'inconclusive' ? 1 : 0),
    last: measurement,
  };
  const verdict = verdictOf(spec, counted);
  return verdict === undefined ? counted : { ...counted, verdict };
}

/** Inconclusive measurements do not count towards those that must be there. */
function verdictOf(spec: Gate, { measured, failed, inconclusive }: GateState): GateVerdict | undefined {
  if (failed > spec.failureLimit) return 'fail';
  if (inconclusive > spec.inconclusiveLimit) return 'inconclusive';
  return measured - inconclusive >= spec.count ? 'pass' : undefined;
}

function verdictFinding(wave: number, { name, dryRun, last }: GateState, verdict: GateVerdict): Finding {
  return {
    action: 'gate-decided',
    details: { wave: wave + 1, gate: name, verdict, dryRun, value: last?.value ?? null, note: last?.note ?? null },
  };
}

/** After a resume, what has not passed is measured from the beginning. */
export function measureAnew({ gates, ...wave }: WaveState): WaveState {
  const renewed = gates.map((gate): GateState => {
    if (gate.verdict === undefined || gate.verdict === 'pass') return gate;
    const { name, dryRun, last } = gate;
    return { name, dryRun, measured: 0, failed: 0, inconclusive: 0, ...(last && { last }) };
  });
  return { ...wave, gates: renewed };
}

/** What the gates of a wave say together; a dry run is waited for and says nothing. */
export function verdictOfWave({ gates }: WaveState): { readonly verdict: GateVerdict | 'open'; readonly gate: string } {
  const effective = gates.filter(({ dryRun }) => !dryRun);
  for (const verdict of ['fail', 'inconclusive'] as const) {
    const gate = effective.find((each) => each.verdict === verdict);
    if (gate !== undefined) return { verdict, gate: gate.name };
  }
  const open = gates.find(({ verdict }) => verdict === undefined);
  return open === undefined ? { verdict: 'pass', gate: '' } : { verdict: 'open', gate: open.name };
}

/** What is to be measured now, and when the next one is due. */
export function dueMeasurements(
  policy: Policy,
  state: WaveState,
  wave: number,
  now: number,
): { readonly actions: readonly Action[]; readonly nextAt: number } {
  const actions: Action[] = [];
  let nextAt = Infinity;
  if (state.settledAt === undefined || state.closedAt !== undefined) return { actions, nextAt };
  for (const spec of gatesOf(policy, wave)) {
    const gate = state.gates.find(({ name }) => name === spec.name);
    if (gate === undefined || gate.verdict !== undefined) continue;
    const first = state.settledAt + spec.initialDelay * 1_000;
    const dueAt = gate.last === undefined ? first : Math.max(first, gate.last.at + spec.interval * 1_000);
    if (dueAt <= now) actions.push({ kind: 'measure', wave, gate: spec.name });
    else nextAt = Math.min(nextAt, dueAt);
  }
  return { actions, nextAt };
}
