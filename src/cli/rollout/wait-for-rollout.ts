import { Failure } from '../../errors/index.ts';
import { followRollout, readRollout, standingOf, type RolloutStatus } from '../../fleet/rollout/operate/index.ts';
import type { CommandContext } from '../context.ts';
import { numberOption, textOption, type CommandInput } from '../define-command.ts';
import type { Progress } from '../output/notes.ts';
import { numberText } from '../views/rollout-words.ts';
import { failureOf } from './exit.ts';
import { reportFormatOf } from './report-format.ts';
import { showStatus } from './show-status.ts';

/** The reason of the abort after --timeout. */
const timeIsUp = new Error('the time is up');
const intervalMs = 1_000;

/** Shows a rollout as it is, or with `wait` follows it first; then its report. Failures: rollout-halted, rollout-needs-person, timed-out. */
export async function showOrWait(
  context: CommandContext,
  input: CommandInput,
  id: string,
  wait: boolean,
): Promise<void> {
  const report = textOption(input, 'report');
  const format = report === undefined ? undefined : reportFormatOf(report);
  const timeout = numberOption(input, 'timeout');
  if (!wait && timeout !== undefined) throw new Failure('usage', '--timeout goes with --wait');
  const hub = await context.hub();
  const status = wait ? await waitForEnd(context, id, timeout) : await readRollout(hub.records, id, context.signal);
  await showStatus(context, status);
  if (report !== undefined && format !== undefined) {
    const { writeReport } = await import('./write-report.ts');
    await writeReport(context, status, report, format);
  }
  if (!wait) return;
  const failure = failureOf(standingOf(status.intent, status.state), status);
  if (failure !== undefined) throw failure;
}

/** Follows a rollout until it has ended or needs a person. An interruption, or the time, only ends the waiting. */
async function waitForEnd(context: CommandContext, id: string, timeout: number | undefined): Promise<RolloutStatus> {
  const { clock, notes, signal } = context;
  const ending = new AbortController();
  const cancel = timeout === undefined ? undefined : clock.after(timeout, () => ending.abort(timeIsUp));
  let progress: Progress | undefined;
  const goesOn = `the rollout goes on; wait again with: iotctl rollout status ${id} --wait`;
  try {
    const options = { clock, intervalMs, signal: AbortSignal.any([signal, ending.signal]) };
    let done = 0;
    for await (const { status, trouble } of followRollout(await context.hub(), id, options)) {
      const succeeded = succeededOf(status);
      progress ??= notes.progress(id, status.header.devices);
      progress.advance(succeeded - done);
      done = succeeded;
      progress.say(trouble === undefined ? wordsOf(status) : `${trouble.message}; still trying`);
      if (standingOf(status.intent, status.state) !== 'going') return status;
    }
    throw new Failure('bug', 'a rollout was followed to its end and still goes on');
  } catch (error) {
    if (error === timeIsUp)
      throw new Failure('timed-out', `rollout ${id} had not ended in time; it goes on`, {
        hint: `iotctl rollout status ${id} --wait`,
      });
    if (signal.aborted) notes.info(goesOn);
    throw error;
  } finally {
    cancel?.();
    progress?.stop();
  }
}

function succeededOf({ state }: RolloutStatus): number {
  return (
    state?.summary.waves.reduce((sum, { states }) => sum + (states.succeeded ?? 0) + (states.skipped ?? 0), 0) ?? 0
  );
}

function wordsOf({ header, state }: RolloutStatus): string {
  if (state === undefined) return 'waiting for a controller';
  const { summary, waves } = state;
  const wave = `wave ${waves.length} of ${header.waveEnds.length}`;
  return `${wave}, ${numberText(summary.inProgress)} in progress, ${numberText(summary.failures)} failed`;
}
