/** How rollouts are spoken of, in every view of them. Waves are counted from 1 wherever a person or a script sees them. */
import type { RolloutStatus, Standing } from '../../fleet/rollout/operate/index.ts';
import type { DeviceState } from '../../fleet/rollout/model/observed.ts';
import type { GateState, HaltReason, Phase, Summary } from '../../fleet/rollout/model/record.ts';
import type { Policy } from '../../fleet/rollout/model/spec.ts';
import type { Tone } from '../output/output.ts';

/** `1 device`, `1,200 devices`. */
export function devicesText(count: number): string {
  return `${numberText(count)} ${count === 1 ? 'device' : 'devices'}`;
}

/** `1,200`. */
export function numberText(count: number): string {
  return count.toLocaleString('en-US');
}

/** `0.7%`, `12%`, `99.6%`; 100% is all. */
export function shareText(share: number): string {
  const percent = share * 100;
  const digits = percent < 10 || (percent > 99 && percent < 100) ? 1 : 0;
  return `${Math.floor(Number((percent * 10 ** digits).toFixed(6))) / 10 ** digits}%`;
}

/** A measured value, as short as it says something. */
export function measuredText(value: number): string {
  return String(Number(value.toPrecision(4)));
}

export const phaseTones: Readonly<Record<Phase, Tone>> = {
  running: 'accent',
  paused: 'warn',
  aborting: 'warn',
  aborted: 'bad',
  reverting: 'warn',
  reverted: 'bad',
  completed: 'good',
};

export const standingTones: Readonly<Record<Standing, Tone>> = {
  going: 'accent',
  completed: 'good',
  halted: 'bad',
  aborted: 'bad',
  reverted: 'bad',
  'needs-person': 'warn',
};

export const stateTones: Readonly<Record<DeviceState, Tone>> = {
  planned: 'dim',
  blocked: 'warn',
  offered: 'plain',
  deferred: 'warn',
  downloading: 'plain',
  staged: 'plain',
  installing: 'plain',
  rebooting: 'plain',
  trial: 'accent',
  confirmed: 'accent',
  baking: 'accent',
  succeeded: 'good',
  reverted: 'bad',
  failed: 'bad',
  rejected: 'bad',
  lost: 'bad',
  recovered: 'warn',
  unreached: 'warn',
  canceled: 'dim',
  skipped: 'dim',
  returned: 'dim',
};

/** The name a wave was given, or its size as it was written. */
export function waveName(policy: Policy, index: number): string {
  const wave = policy.waves[index];
  if (wave === undefined) return `wave ${index + 1}`;
  return ('name' in wave ? wave.name : undefined) ?? String(wave.size);
}

/** `3 of 120 failed (2.5%), limit 2%`: of those that are decided. */
export function failureRateText({ decided, failures }: Pick<Summary, 'decided' | 'failures'>, policy: Policy): string {
  if (decided === 0) return `nothing decided yet, ${limitText(policy.failureLimit)}`;
  const share = ` (${shareText(failures / decided)})`;
  return `${numberText(failures)} of ${numberText(decided)} failed${share}, ${limitText(policy.failureLimit)}`;
}

/** `limit 2% or 5 devices`. */
function limitText({ rate, count }: Policy['failureLimit']): string {
  const parts = [
    ...(rate === undefined ? [] : [shareText(rate)]),
    ...(count === undefined ? [] : [devicesText(count)]),
  ];
  return parts.length === 0 ? 'no limit' : `limit ${parts.join(' or ')}`;
}

/** What was measured, and what it has to be: `71.2 (<= 1.1 * control, which is 70.9)`. */
export function gateNumbers({ last }: GateState, spec: Policy['gates'][number] | undefined): string {
  if (last === undefined) return 'not measured yet';
  const control = last.control === undefined ? '' : `, which is ${measuredText(last.control)}`;
  const limit = spec?.pass === undefined ? '' : ` (${spec.pass}${control})`;
  const value = last.value === undefined ? '' : `${measuredText(last.value)}${limit}`;
  return [value, last.note ?? ''].filter((part) => part !== '').join(', ');
}

/** Why a rollout does not go on, and the commands that help, each with what it does. */
export interface HaltWords {
  readonly text: string;
  readonly commands: readonly (readonly [command: string, does: string])[];
}

export function haltWords(id: string, halt: HaltReason, policy: Policy): HaltWords {
  const command = (verb: string, more = ''): string => `iotctl rollout ${verb} ${id}${more}`;
  const giveUp = [command('abort'), 'stop here, withdraw offers'] as const;
  switch (halt.kind) {
    case 'operator':
      return { text: 'paused by an operator', commands: [[command('resume'), 'go on']] };
    case 'failure-limit':
      return {
        text: failureRateText(halt, policy),
        commands: [
          [command('show', ' --devices --failed'), 'which devices, and why'],
          [command('resume'), 'go on, forgiving these'],
          giveUp,
        ],
      };
    case 'gate-failed':
    case 'gate-inconclusive': {
      const ended = halt.kind === 'gate-failed' ? 'failed' : 'came to no verdict';
      return {
        text: `gate "${halt.gate}" of wave ${halt.wave + 1} (${waveName(policy, halt.wave)}) ${ended}`,
        commands: [[command('resume'), 'measure again'], [command('promote'), 'open the next wave anyway'], giveUp],
      };
    }
    case 'approval':
      return {
        text: `wave ${halt.wave + 1} (${waveName(policy, halt.wave)}) waits for approval`,
        commands: [[command('approve', ` --wave ${halt.wave + 1}`), 'open it'], giveUp],
      };
    case 'wave-unreached':
      return {
        text: `no device of wave ${halt.wave + 1} (${waveName(policy, halt.wave)}) could be reached`,
        commands: [[command('promote'), 'open the next wave anyway'], giveUp],
      };
    case 'trouble':
      return { text: halt.message, commands: [[command('resume'), 'try again when it is put right'], giveUp] };
  }
}

export const notBegunStates: readonly DeviceState[] = ['planned', 'blocked', 'offered', 'deferred', 'unreached'];
export const updatedStates: readonly DeviceState[] = ['trial', 'confirmed', 'baking', 'succeeded'];

/** Devices of a rollout in any of these states; before a controller has looked, all are planned. */
export function countOf(
  { header, state }: Pick<RolloutStatus, 'header' | 'state'>,
  states: readonly DeviceState[],
): number {
  if (state === undefined) return states.includes('planned') ? (header.waveEnds.at(-1) ?? 0) : 0;
  return state.summary.waves.reduce(
    (total, wave) => total + states.reduce((sum, each) => sum + (wave.states[each] ?? 0), 0),
    0,
  );
}

/** `wave 3 of pump-2 (50%, 400 devices)`. */
export function nextWaveText(
  { id, header, state }: Pick<RolloutStatus, 'id' | 'header' | 'state'>,
  wave: number,
): string {
  const planned = (header.waveEnds[wave] ?? 0) - (header.waveEnds[wave - 1] ?? 0);
  const devices = devicesText(state?.summary.waves[wave]?.devices ?? planned);
  return `wave ${wave + 1} of ${id} (${waveName(header.spec.policy, wave)}, ${devices})`;
}

export const failedStates: readonly DeviceState[] = ['failed', 'rejected', 'reverted', 'lost', 'recovered'];
export const succeededStates: readonly DeviceState[] = ['succeeded', 'skipped'];
