import type { ControllerEvent } from '../../fleet/rollout/controller/index.ts';
import type { CommandContext } from '../context.ts';

interface RunHere {
  /** All rollouts of the hub when absent. */
  readonly rolloutId?: string | undefined;
  readonly untilIdle: boolean;
  readonly allowCommands: boolean;
  readonly signal: AbortSignal;
  /** Says what it does; the default. False where something else shows the rollout. */
  readonly isTold?: boolean;
}

/** Drives rollouts in this process until there are none, or the signal aborts: that is its ordinary end. */
export async function runHere(context: CommandContext, options: RunHere): Promise<void> {
  const { createProgramRunner, newHolder, runController } = await import('../../fleet/rollout/controller/index.ts');
  const { clock, env, notes, random, runtime } = context;
  const { rolloutId, untilIdle, allowCommands, signal, isTold = true } = options;
  const hub = await context.hub();
  const { kind } = await context.connection();
  const name = `${env['HOSTNAME'] ?? env['COMPUTERNAME'] ?? 'controller'} ${runtime.pid}`;
  if (isTold) notes.info(`driving ${rolloutId ?? 'rollouts'} of ${hub.hostName}; Ctrl-C hands over`);
  await runController(
    {
      hub,
      clock,
      random,
      holder: newHolder(name, random),
      watch: kind === 'local' ? 'events' : 'poll',
      rolloutId,
      untilIdle,
      ...(allowCommands && { runProgram: createProgramRunner(clock, env) }),
      ...(isTold && { onEvent: (event: ControllerEvent) => tell(context, event) }),
    },
    signal,
  );
}

function tell({ notes }: Pick<CommandContext, 'notes'>, event: ControllerEvent): void {
  const { rollout } = event;
  switch (event.kind) {
    case 'standing-by':
      return notes.info(`${rollout}: driven by ${event.holder}; standing by`);
    case 'driving':
      return notes.info(`${rollout}: driving ${event.devices} devices`);
    case 'finding': {
      const { action, details } = event.finding;
      // The audit has each device; here are those that did not go as planned, and what concerns all of them.
      if ('device' in details && (details['outcome'] ?? 'succeeded') === 'succeeded') return undefined;
      const words = Object.entries(details).map(([key, value]) => `${key} ${String(value)}`);
      return notes.info(`${rollout}: ${[action, ...words].join(', ')}`);
    }
    case 'trouble':
      return notes.warn(
        `${rollout === '' ? '' : `${rollout}: `}${event.failure.message}; again in ${Math.ceil(event.retryInMs / 1_000)} s`,
      );
    case 'lost':
      return notes.warn(`${rollout}: ${event.reason}`);
    case 'ended': {
      const { decisions, decideMs, offers, twinWrites, twinReads, events } = event.work;
      return notes.success(
        `${rollout}: ${event.state.phase}; ${offers} offers, ${decisions} decisions (${Math.round(decideMs)} ms), ${twinWrites} twins written, ${twinReads} read, ${events} events`,
      );
    }
    case 'decided':
      return undefined;
  }
}
