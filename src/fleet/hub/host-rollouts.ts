import type { HubLog, RunningHub } from '../../hub/index.ts';
import type { Clock } from '../../std/clock.ts';
import type { ControllerEvent, HostedController } from '../rollout/controller/index.ts';
import { rolloutsPrefix } from '../rollout/records/prefix.ts';
import { connectionOfHub } from './connection.ts';

/** How a hub drives its rollouts. */
export interface RolloutHosting {
  /** In [0, 1), for jitter and names. */
  readonly random: () => number;
  /** What programs that gates name may see of the environment; they do not run when absent. */
  readonly programEnv?: Readonly<Record<string, string | undefined>> | undefined;
}

interface HostRequest extends RolloutHosting {
  readonly hub: Pick<RunningHub, 'info' | 'records'>;
  readonly clock: Clock;
  readonly log?: HubLog | undefined;
}

/** No other process hosts a controller of this hub: one with this in its name is this one, or one that is gone. */
const holderPrefix = 'hub ';

/**
 * Lets a hub drive its own rollouts: an ordinary client of its service API, over loopback, with the policy of its owner. Nothing of it is
 * loaded before there is a rollout. The returned function stops it and gives its leases back.
 */
export function hostRollouts({ hub, clock, random, programEnv, log }: HostRequest): () => Promise<void> {
  let hosting: Promise<HostedController | undefined> | undefined;
  let isStopped = false;

  const begin = (): void => {
    if (isStopped) return;
    hosting ??= host().catch((error: unknown) => {
      log?.error({ err: error }, 'rollouts cannot be driven');
      return undefined;
    });
    void hosting.then((controller) => controller?.look());
  };

  async function host(): Promise<HostedController> {
    const [{ createProgramRunner, hostController, newHolder }, { connectHub }] = await Promise.all([
      import('../rollout/controller/index.ts'),
      import('../../client/index.ts'),
    ]);
    const client = connectHub(connectionOfHub(hub.info), { clock, random, userAgent: 'iotctl controller' });
    const options = {
      hub: client,
      clock,
      random,
      holder: newHolder(`${holderPrefix}${hub.info.pid}`, random),
      watch: 'events',
      isGone: (holder: string) => holder.startsWith(holderPrefix),
      onEvent: tellLog(log),
      ...(programEnv && { runProgram: createProgramRunner(clock, programEnv) }),
    } as const;
    const controller = hostController(options, (error) => log?.error({ err: error }, 'rollouts cannot be driven'));
    return {
      ...controller,
      async stop() {
        await controller.stop();
        await client.close();
      },
    };
  }

  // The lease is renewed all the time, and the state is its own word: only what others write is news.
  const stopListening = hub.records.onChange(rolloutsPrefix, (name) => {
    if (name.endsWith('/spec') || name.endsWith('/intent')) begin();
  });
  hub.records.has(rolloutsPrefix).then(
    (any) => any && begin(),
    (error: unknown) => log?.error({ err: error }, 'rollouts could not be looked for'),
  );

  return async () => {
    isStopped = true;
    stopListening();
    await (await hosting)?.stop();
  };
}

function tellLog(log: HubLog | undefined): (event: ControllerEvent) => void {
  return (event) => {
    const { rollout } = event;
    switch (event.kind) {
      case 'driving':
        return log?.info({ rollout, fence: event.fence, devices: event.devices }, 'driving a rollout');
      case 'standing-by':
        return log?.info({ rollout, holder: event.holder }, 'a rollout is driven by another controller');
      case 'finding': {
        const { action, details } = event.finding;
        // The audit has each device; the log has what concerns all of them.
        const level = 'device' in details ? 'debug' : 'info';
        return log?.[level]({ rollout, ...details }, `rollout: ${action}`);
      }
      case 'trouble':
        return log?.warn({ rollout, reason: event.failure.message, retryInMs: event.retryInMs }, 'a rollout waits');
      case 'lost':
        return log?.warn({ rollout, reason: event.reason }, 'a rollout is not driven here any more');
      case 'ended':
        return log?.info({ rollout, phase: event.state.phase, ...event.work }, 'a rollout has ended');
      case 'decided':
        return undefined;
    }
  };
}
