/** Gates in a rehearsal: what can be measured there is, for the rest a verdict is given. */
import { Failure } from '../../../errors/index.ts';
import type { TelemetryMessage } from '../../../protocol/telemetry/message.ts';
import { parsePath } from '../../../std/assignment.ts';
import type { JsonObject } from '../../../std/json.ts';
import type { RunProgram } from '../gates/index.ts';
import { parseLimit } from '../model/condition.ts';
import type { GateVerdict } from '../model/record.ts';
import type { Gate, Policy } from '../model/spec.ts';

export interface RehearsedGates {
  readonly policy: Policy;
  /** What is not measured as it would be, a sentence each. */
  readonly notes: readonly string[];
  /** Members of the telemetry that the gates look at, by their paths. */
  readonly telemetry: readonly { readonly path: readonly string[]; readonly value: number }[];
  /** Answers the gates whose verdict is given. */
  readonly runProgram: RunProgram;
}

/** First word of the command of a gate whose verdict is given. */
const given = 'rehearsal';
const exitOf: Readonly<Record<GateVerdict, number>> = { pass: 0, fail: 1, inconclusive: 2 };

/**
 * Gates as they can be measured in a world: twin conditions on what simulated devices report, and telemetry, of which the values are made
 * to be within the limits. `verdicts` are given instead of measured. Failure `invalid-value` for a gate that is not there.
 */
export function rehearseGates(policy: Policy, verdicts: ReadonlyMap<string, GateVerdict>): RehearsedGates {
  const notes = new Set<string>();
  const telemetry = new Map<string, number>();
  const known = new Set<string>();
  const rehearse = (gate: Gate): Gate => {
    known.add(gate.name);
    const verdict = verdicts.get(gate.name);
    if (verdict !== undefined) return answered(gate, verdict);
    const value = gate.telemetry?.field === undefined ? undefined : valueWithin(gate);
    if (gate.telemetry?.field !== undefined && value !== undefined && isOfValues(gate)) {
      telemetry.set(gate.telemetry.field, value);
      notes.add(`gate ${gate.name}: telemetry is simulated, ${gate.telemetry.field} at ${value} on every device`);
      return gate;
    }
    if (gate.twin !== undefined && isSimulated(gate.twin.where)) return gate;
    notes.add(`gate ${gate.name}: not measured, taken as passed`);
    return answered(gate, 'pass');
  };
  const waves = policy.waves.map((wave) =>
    'gates' in wave && wave.gates !== undefined ? { ...wave, gates: wave.gates.map(rehearse) } : wave,
  );
  const rehearsed = { ...policy, waves, gates: policy.gates.map(rehearse) };
  const missing = [...verdicts.keys()].find((name) => !known.has(name));
  if (missing !== undefined) {
    const hint = known.size === 0 ? 'it has no gates' : `its gates: ${[...known].join(', ')}`;
    throw new Failure('invalid-value', `the rollout has no gate "${missing}"`, { hint });
  }
  return {
    policy: rehearsed,
    notes: [...notes],
    telemetry: [...telemetry].map(([field, value]) => ({ path: parsePath(field), value })),
    runProgram: async ([, verdict = 'pass']) => ({
      kind: 'exited',
      code: exitOf[verdict as GateVerdict] ?? exitOf.inconclusive,
      lastLine: 'given in the rehearsal',
    }),
  };
}

function answered(gate: Gate, verdict: GateVerdict): Gate {
  const { twin: _twin, telemetry: _telemetry, pass: _pass, fail: _fail, ...rest } = gate;
  return { ...rest, command: [given, verdict] };
}

/** How many messages there are says nothing in a rehearsal; what is in them can be chosen. */
function isOfValues({ telemetry }: Gate): boolean {
  return telemetry?.aggregate !== 'rate' && telemetry?.aggregate !== 'count';
}

/** A value that passes the gate on every device; undefined where there is none. */
function valueWithin({ pass }: Gate): number | undefined {
  const limit = pass === undefined ? undefined : parseLimit(pass);
  if (limit === undefined) return undefined;
  // Compared with devices that send the same.
  if (limit.ofControl) return 100;
  const margin = Math.max(1, Math.abs(limit.value) / 10);
  switch (limit.operator) {
    case '<':
    case '<=':
      return limit.value - margin;
    case '>':
    case '>=':
    case '!=':
      return limit.value + margin;
    case '=':
      return limit.value;
  }
}

/** Simulated devices report their firmware and nothing else. */
function isSimulated(where: string): boolean {
  return !/properties\.(?:reported|desired)\.(?!firmware\b)|\btags\./i.test(where);
}

/** What one device has sent in the time that a gate looks at. */
export function simulatedMessages(
  deviceId: string,
  members: RehearsedGates['telemetry'],
  times: { readonly from: number; readonly until: number; readonly count: number },
): TelemetryMessage[] {
  const body = Buffer.from(JSON.stringify(bodyOf(members)));
  const stepMs = (times.until - times.from) / times.count;
  return Array.from({ length: times.count }, (_, index) => ({
    deviceId,
    partition: 0,
    sequenceNumber: index,
    enqueuedTime: new Date(times.from + stepMs * (index + 0.5)).toISOString(),
    system: { 'content-type': 'application/json', 'content-encoding': 'utf-8' },
    properties: {},
    body,
  }));
}

function bodyOf(members: RehearsedGates['telemetry']): JsonObject {
  const body: JsonObject = {};
  for (const { path, value } of members) {
    let place = body;
    for (const name of path.slice(0, -1)) {
      const next = place[name];
      const inner: JsonObject = typeof next === 'object' && next !== null && !Array.isArray(next) ? next : {};
      place[name] = inner;
      place = inner;
    }
    place[path.at(-1) ?? ''] = value;
  }
  return body;
}
