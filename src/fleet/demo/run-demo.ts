import { Failure } from '../../errors/index.ts';
import type { DemoEvent, DemoSummary } from './events.ts';
import { Stage, type DemoOptions } from './stage.ts';
import { newPlot, steps, type Plot } from './steps.ts';

/** A story that takes longer has got stuck. */
const limitMs = 45_000;

/**
 * Tells the story of a fleet: a hub, devices, telemetry, a problem, a command, proof. Everything runs for real on free loopback
 * ports and in temporary directories; whatever happens, also an abort in the middle, nothing is left behind. Failures:
 * `check-failed` with what was seen, those of the rooms it uses, the signal's reason.
 */
export async function* runDemo(options: DemoOptions): AsyncGenerator<DemoEvent, void, undefined> {
  const { clock, signal } = options;
  const startedAt = clock.monotonic();
  const late = new AbortController();
  const cancel = clock.after(limitMs, () =>
    late.abort(new Failure('check-failed', `the demo was not over after ${limitMs / 1_000} s`)),
  );
  const stage = new Stage({ ...options, signal: AbortSignal.any([signal, late.signal]) });
  const plot = newPlot();
  try {
    for (const [index, step] of steps.entries()) {
      stage.options.signal.throwIfAborted();
      const title = options.keep ? (step.titleKept ?? step.title) : step.title;
      yield { kind: 'step', number: index + 1, of: steps.length, title };
      yield* step.run(stage, plot);
    }
    cancel();
    yield { kind: 'summary', summary: summarise(stage, plot, clock.monotonic() - startedAt) };
    if (!options.keep) return;
    yield { kind: 'kept', connection: stage.hub.connection, truck: plot.truck, agent: plot.agent };
    await aborted(signal);
  } finally {
    cancel();
    await stage.close();
  }
}

function summarise(stage: Stage, plot: Plot, durationMs: number): DemoSummary {
  const [trucks] = stage.simulations;
  const { p50, p99 } = trucks?.stats() ?? { p50: undefined, p99: undefined };
  return {
    devices: plot.trucks.length + plot.pumps.length + 1,
    messages: stage.journal.entries.length,
    commands: plot.commands,
    p50,
    p99,
    durationMs: Math.round(durationMs),
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
