/** What operators ask of a rollout: from what is in force to what shall be, without any input or output. */
import { Failure } from '../../../errors/index.ts';
import type { Intent } from '../model/record.ts';
import { hasEnded, isResumed } from './standing.ts';
import type { RolloutStatus } from './status.ts';

/** Waves are counted from 0. */
export type Wish =
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'approve' | 'promote'; readonly wave: number }
  | { readonly kind: 'abort' }
  | { readonly kind: 'revert' }
  | { readonly kind: 'retry'; readonly devices: Intent['retries'] };

type Asked = Pick<RolloutStatus, 'id' | 'header' | 'intent' | 'state'>;

/**
 * The intent with a wish in it; undefined when that is what is asked for already. Failures: conflict for what a rollout in its state
 * cannot do, invalid-value for a wave that it does not have.
 */
export function withWish(rollout: Asked, wish: Wish): Intent | undefined {
  const { intent } = rollout;
  switch (wish.kind) {
    case 'pause':
      refuseEnded(rollout, 'paused');
      return intent.paused ? undefined : { ...intent, paused: true };
    case 'resume':
      return resumed(rollout);
    case 'approve':
      return approved(rollout, wish.wave);
    case 'promote':
      return promoted(rollout, wish.wave);
    case 'abort':
    case 'revert':
      return ending(rollout, wish.kind);
    case 'retry':
      return retried(rollout, wish.devices);
  }
}

/** Lifts a pause and any other halt, and forgives what has failed up to now. */
function resumed(rollout: Asked): Intent | undefined {
  const { id, intent, state } = rollout;
  refuseEnded(rollout, 'resumed');
  if (intent.ending !== undefined)
    throw new Failure('conflict', `rollout ${id} is on its way to be ended (${intent.ending}) and cannot go on`);
  const halt = state?.phase === 'paused' ? state.halt : undefined;
  if (halt?.kind === 'approval' && !intent.approved.includes(halt.wave) && !intent.paused)
    throw new Failure('conflict', `rollout ${id} waits for the approval of wave ${halt.wave + 1}`, {
      hint: `iotctl rollout approve ${id}`,
    });
  if (!intent.paused && (halt === undefined || isResumed(intent, state))) return undefined;
  const { decided, failures } = state?.summary ?? { decided: 0, failures: 0 };
  return {
    ...intent,
    paused: false,
    resumes: (intent.resumes ?? 0) + 1,
    // A pause by an operator is no reason to forgive anything.
    ...(halt?.kind === 'failure-limit' && { pardoned: { decided, failures } }),
  };
}

/** The wave that an approval or a promotion without a number means: the one that waits, or the next that will. Failure: conflict. */
export function waveFor(kind: 'approve' | 'promote', { id, intent, state, header }: Asked): number {
  const halt = state?.phase === 'paused' ? state.halt : undefined;
  const waits = halt !== undefined && 'wave' in halt && (halt.kind === 'approval') === (kind === 'approve');
  if (waits) return halt.wave;
  if (kind === 'promote') {
    const open = state?.waves.findLastIndex(({ closedAt }) => closedAt === undefined) ?? -1;
    if (open >= 0) return open;
    throw new Failure('conflict', `no wave of rollout ${id} is open`);
  }
  const { waves } = header.spec.policy;
  const next = waves.findIndex(({ approval }, index) => approval && !intent.approved.includes(index));
  const wave = next >= 0 ? next : waves.findLastIndex(({ approval }) => approval);
  if (wave < 0) throw new Failure('conflict', `no wave of rollout ${id} needs an approval`);
  return wave;
}

function approved(rollout: Asked, wave: number): Intent | undefined {
  const { id, intent, header } = rollout;
  // Also of one that has ended: a pipeline that is run again approves again.
  if (intent.approved.includes(wave)) return undefined;
  refuseEnded(rollout, 'approved');
  checkWave(rollout, wave);
  if (header.spec.policy.waves[wave]?.approval !== true)
    throw new Failure('conflict', `wave ${wave + 1} of rollout ${id} needs no approval`);
  return { ...intent, approved: [...intent.approved, wave].toSorted((a, b) => a - b) };
}

function promoted(rollout: Asked, wave: number): Intent | undefined {
  const { intent } = rollout;
  refuseEnded(rollout, 'promoted');
  checkWave(rollout, wave);
  if (intent.promoted.includes(wave)) return undefined;
  return { ...intent, promoted: [...intent.promoted, wave].toSorted((a, b) => a - b) };
}

function ending(rollout: Asked, kind: 'abort' | 'revert'): Intent | undefined {
  const { intent, state, id } = rollout;
  if (intent.ending === kind) return undefined;
  if (kind === 'abort') {
    refuseEnded(rollout, 'aborted');
    if (intent.ending === 'revert') throw new Failure('conflict', `rollout ${id} is being reverted already`);
  }
  if (state?.phase === 'reverted') throw new Failure('conflict', `rollout ${id} is reverted already`);
  return { ...intent, ending: kind };
}

function retried(rollout: Asked, devices: Intent['retries']): Intent | undefined {
  refuseEnded(rollout, 'tried again');
  const { intent } = rollout;
  const fresh = devices.filter(
    ({ deviceId, attempt }) => !intent.retries.some((each) => each.deviceId === deviceId && each.attempt === attempt),
  );
  if (fresh.length === 0) return undefined;
  const again = new Set(fresh.map(({ deviceId }) => deviceId));
  return { ...intent, retries: [...intent.retries.filter(({ deviceId }) => !again.has(deviceId)), ...fresh] };
}

function checkWave({ id, header }: Asked, wave: number): void {
  const count = header.waveEnds.length;
  if (wave >= 0 && wave < count) return;
  throw new Failure('invalid-value', `rollout ${id} has no wave ${wave + 1}`, {
    hint: `its waves are 1 to ${count}`,
  });
}

function refuseEnded({ id, intent, state }: Asked, done: string): void {
  if (state === undefined || !hasEnded({ intent, state })) return;
  throw new Failure('conflict', `rollout ${id} is ${state.phase} and can no longer be ${done}`);
}
