import { Failure, failures, type ExitCode } from '../../errors/index.ts';
import type { RolloutStatus, Standing } from '../../fleet/rollout/operate/index.ts';
import { haltWords, failureRateText } from '../views/rollout-words.ts';

/** What `--wait` exits with; undefined while there is something to wait for. */
export function exitCodeOf(standing: Standing): ExitCode | undefined {
  const code = codeOf(standing);
  if (standing === 'going') return undefined;
  return code === undefined ? 0 : failures[code].exit;
}

/** The failure that a rollout which stands so ends with; undefined for one that completed, or goes on. */
export function failureOf(
  standing: Standing,
  { id, header, state }: Pick<RolloutStatus, 'id' | 'header' | 'state'>,
): Failure | undefined {
  const code = codeOf(standing);
  if (code === undefined || state === undefined) return undefined;
  const { policy } = header.spec;
  const { halt, summary } = state;
  const details = {
    rollout: id,
    phase: state.phase,
    ...(halt !== undefined && { halt }),
    decided: summary.decided,
    failures: summary.failures,
  };
  if (state.phase !== 'paused' || halt === undefined)
    return new Failure(code, `rollout ${id} is ${state.phase}: ${failureRateText(summary, policy)}`, { details });
  const { text, commands } = haltWords(id, halt, policy);
  const hint = commands.map(([command, does]) => `${command} (${does})`).join(', or ');
  const why = halt.kind === 'operator' ? text : `paused: ${text}`;
  return new Failure(code, `rollout ${id} is ${why}`, { details, hint });
}

function codeOf(standing: Standing): 'rollout-halted' | 'rollout-needs-person' | undefined {
  switch (standing) {
    case 'going':
    case 'completed':
      return undefined;
    case 'halted':
    case 'aborted':
    case 'reverted':
      return 'rollout-halted';
    case 'needs-person':
      return 'rollout-needs-person';
  }
}
