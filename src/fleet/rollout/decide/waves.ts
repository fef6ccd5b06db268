/** When a wave has passed, and the next one opens. */
import type { Finding } from '../model/decision.ts';
import type { HaltReason, Intent, WaveState } from '../model/record.ts';
import type { Context } from './context.ts';
import { gatesOf } from '../model/gates.ts';
import { freshGates, verdictOfWave } from './gates.ts';
import type { Assigned, Survey } from './survey.ts';

/** Whether every device that the open waves wait for is decided, and the newest has reached somebody. */
export function isWaveDone(context: Context, all: Survey, opened: number, joined: readonly Assigned[]): boolean {
  const wave = opened - 1;
  if (wave < 0 || holding(all, opened)) return false;
  return isEmptyWave(context, wave, joined) || (all.reached[wave] ?? 0) > 0;
}

function holding(all: Survey, opened: number): boolean {
  return all.holds.slice(0, opened).some((devices) => devices > 0);
}

/** A wave in which nobody was to be offered anything proves nothing, and nothing is measured on it. */
function isEmptyWave({ partsOfWave }: Context, wave: number, joined: readonly Assigned[]): boolean {
  return (partsOfWave[wave] ?? 0) === 0 && !joined.some((device) => device.wave === wave);
}

export interface WavesNow {
  readonly waves: readonly WaveState[];
  /** What the next wave waits for; undefined when it waits for devices or gates. */
  readonly waitsFor: HaltReason | undefined;
  /** When waiting for devices becomes waiting for a person, Unix milliseconds. */
  readonly nextAt: number;
}

/** Closes waves that have passed and opens those that may be; several at once when there is nothing in between. */
export function moveWaves(
  context: Context,
  all: Survey,
  before: readonly WaveState[],
  intent: Intent,
  joined: readonly Assigned[],
  findings: Finding[],
): WavesNow {
  const waves = [...before];
  const { now, policy } = context;
  for (;;) {
    const wave = waves.length - 1;
    const current = waves[wave];
    if (current !== undefined && current.closedAt === undefined) {
      const closed = closeWave(context, all, current, wave, intent, joined);
      waves[wave] = closed;
      if (closed.closedAt === undefined) return { waves, ...unreached(context, all, closed, wave) };
      const isPromoted = intent.promoted.includes(wave);
      findings.push({ action: isPromoted ? 'wave-overruled' : 'wave-passed', details: { wave: wave + 1 } });
    }
    const next = wave + 1;
    if (next >= policy.waves.length) return { waves, waitsFor: undefined, nextAt: Infinity };
    const needsApproval = policy.waves[next]?.approval === true;
    if (needsApproval && !intent.approved.includes(next) && !intent.promoted.includes(wave)) {
      return { waves, waitsFor: { kind: 'approval', wave: next }, nextAt: Infinity };
    }
    waves.push({ openedAt: now, gates: freshGates(gatesOf(policy, next)) });
    // What was planned is waited for from now on.
    for (const { device, wave: its } of all.free) {
      if (its !== next) continue;
      all.open++;
      if (device.connected) all.holds[next] = (all.holds[next] ?? 0) + 1;
    }
    findings.push({ action: 'wave-opened', details: { wave: next + 1 } });
  }
}

function closeWave(
  context: Context,
  all: Survey,
  state: WaveState,
  wave: number,
  intent: Intent,
  joined: readonly Assigned[],
): WaveState {
  const { now } = context;
  if (intent.promoted.includes(wave)) return { ...state, closedAt: now };
  if (!isWaveDone(context, all, wave + 1, joined)) return state;
  if (isEmptyWave(context, wave, joined)) return { ...state, settledAt: now, closedAt: now };
  const settled = { ...state, settledAt: state.settledAt ?? now };
  return verdictOfWave(settled).verdict === 'pass' ? { ...settled, closedAt: now } : settled;
}

/** Nobody of the wave has a result, and nobody is about to have one: after the time of an offer a person has to look. */
function unreached({ timeouts, now }: Context, all: Survey, state: WaveState, wave: number): Omit<WavesNow, 'waves'> {
  if ((all.reached[wave] ?? 0) > 0 || holding(all, wave + 1)) return { waitsFor: undefined, nextAt: Infinity };
  const at = state.openedAt + timeouts.offer;
  return now >= at
    ? { waitsFor: { kind: 'wave-unreached', wave }, nextAt: Infinity }
    : { waitsFor: undefined, nextAt: at };
}
