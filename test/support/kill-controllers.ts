import { createRig, type Rig, type RigController, type RigOptions } from './rollout-rig.ts';

/** How a rollout ended, without anything that depends on when things happened. */
export interface Ending {
  readonly phase: string | undefined;
  readonly waves: unknown;
  readonly devices: Readonly<Record<string, unknown>>;
}

export interface KillRun {
  readonly ending: Ending;
  readonly problems: readonly unknown[];
  /** Looks at writes, before and after each took effect, by the controllers that were killed, and by the last one. */
  readonly looks: number;
}

const day = 86_400_000;

/**
 * Runs a rollout whose controllers are killed: the first one at its `kills[0]`th look at a write (odd: before it takes effect, even: after
 * it, before the answer), the next one at `kills[1]`, and so on; the one after them drives to the end. Nothing of one reaches the next
 * but what is at the hub.
 */
export async function runWithKills(options: RigOptions, kills: readonly number[]): Promise<KillRun> {
  const rig = await createRig(options);
  const { world } = rig;
  const left: RigController[] = [];
  let looks = 0;
  for (const kill of [...kills, Number.POSITIVE_INFINITY]) {
    looks = 0;
    const killed = Promise.withResolvers<void>();
    const controller = rig.controller({
      onWrite: (_, client) => {
        if (++looks < kill) return;
        client.kill();
        killed.resolve();
      },
    });
    left.push(controller);
    controller.done.catch(() => undefined);
    const ended = await world.clock.run(
      Promise.race([controller.done.then(() => true), killed.promise.then(() => false)]),
      { limitMs: day },
    );
    if (ended) break;
    // What was on its way arrives, or does not.
    await world.clock.advance(1_000);
  }
  const run = { ending: await endingOf(rig), problems: [...rig.watch.problems, ...(await rig.audit())], looks };
  // Signals that never abort keep all that listens to them; thousands of runs would not fit into memory.
  for (const controller of left) controller.stop();
  rig.firmware.stop();
  return run;
}

async function endingOf(rig: Rig): Promise<Ending> {
  const state = await rig.state();
  return { phase: state?.phase, waves: state?.summary.waves, devices: rig.outcome() };
}
