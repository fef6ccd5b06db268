import { isFailure } from '../../errors/index.ts';
import { sleep, type Clock } from '../../std/clock.ts';
import type { Pace } from '../http/pace.ts';
import { retryDelay } from '../http/retry.ts';
import type { ServiceChannel } from './channel.ts';

const work = { operation: 'cloud-to-device', cost: 1 } as const;

/**
 * A channel whose messages keep to the rate of the hub's tier, and are sent again when the hub refused them for load: it did not take
 * them. After any other failure a message may have been taken, and is not sent twice. Source: service.md §11.3.
 */
export function paceChannel(
  channel: ServiceChannel,
  { pace, clock, random }: { pace: Pace; clock: Clock; random: () => number },
): ServiceChannel {
  return {
    ...channel,
    async send(identity, message, signal) {
      const begun = clock.monotonic();
      for (let tries = 1; ; tries++) {
        await pace.admit(work, signal);
        try {
          return await channel.send(identity, message, signal);
        } catch (error) {
          if (!isFailure(error, 'throttled')) throw error;
          const delay = retryDelay(
            { kind: 'status', status: 429, retryAfterMs: undefined },
            {
              tries,
              elapsedMs: clock.monotonic() - begun,
              repeatability: 'once',
              answeredBefore: true,
              random: random(),
            },
          );
          if (delay === undefined) throw error;
          pace.hold(work.operation, delay);
          await sleep(clock, delay, signal);
        }
      }
    },
  };
}
