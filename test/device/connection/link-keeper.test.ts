import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backoffMs } from '../../../src/device/connection/backoff.ts';
import { LinkKeeper, type LinkState } from '../../../src/device/connection/link-keeper.ts';
import { LinkRefused, type Link, type LinkOptions } from '../../../src/device/connection/link.ts';
import { fakeClock, type FakeClock } from '../../support/fake-clock.ts';

/** What a try to open a link comes to. */
type Outcome = 'open' | 'unreachable' | { readonly refused: number } | 'hang';

interface Rig {
  readonly clock: FakeClock;
  readonly keeper: LinkKeeper;
  readonly states: LinkState[];
  /** Password and time of each try. */
  readonly tries: { readonly password: string; readonly at: number }[];
  readonly goodbyes: number[];
  /** Ends the open link from the hub's side. */
  readonly cut: () => void;
  readonly outcomes: Outcome[];
}

/** A keeper whose tries come to the given outcomes, the last one again and again. */
function rig(...outcomes: Outcome[]): Rig {
  const clock = fakeClock();
  const states: LinkState[] = [];
  const tries: { password: string; at: number }[] = [];
  const goodbyes: number[] = [];
  let close: ((reason: string) => void) | undefined;
  const openLink = async (options: LinkOptions): Promise<Link> => {
    tries.push({ password: options.password, at: clock.monotonic() });
    const outcome = outcomes.length > 1 ? outcomes.shift() : outcomes[0];
    if (outcome === 'hang') return new Promise(() => undefined);
    if (outcome === 'unreachable') throw new Error('connect ECONNREFUSED');
    if (typeof outcome === 'object') throw new LinkRefused(outcome.refused);
    close = options.onClosed;
    return {
      sessionPresent: tries.length > 1,
      publish: async () => undefined,
      subscribe: async () => undefined,
      close: async () => {
        goodbyes.push(clock.monotonic());
        options.onClosed('closed by this side');
      },
      destroy: () => options.onClosed('closed by this side'),
    };
  };
  const keeper = new LinkKeeper({
    endpoint: { host: 'hub', port: 8883, tls: true },
    clientId: 'd1',
    username: 'hub/d1/',
    credentials: () => ({ password: `token ${tries.length + 1}`, renewInMs: 3_000_000 }),
    keepAliveSeconds: 60,
    connectTimeoutMs: 15_000,
    backoff: { firstMs: 1_000, maximumMs: 30_000 },
    clock,
    random: () => 1,
    openLink,
    onMessage: () => undefined,
    onUp: () => undefined,
    settle: async () => undefined,
    onState: (state) => states.push(state),
  });
  keeper.start();
  return { clock, keeper, states, tries, goodbyes, cut: () => close?.('reset by the hub'), outcomes };
}

function gaps(tries: readonly { readonly at: number }[]): number[] {
  return tries.slice(1).map(({ at }, index) => at - (tries[index]?.at ?? 0));
}

describe('a link keeper', () => {
  test('tries again with doubling pauses up to the maximum, each time with a fresh token', async () => {
    const { clock, tries, states } = rig('unreachable');
    await clock.advance(125_000);
    expect(gaps(tries)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    expect(tries.map(({ password }) => password)).toEqual(tries.map((_, index) => `token ${index + 1}`));
    expect(states[2]).toMatchObject({ kind: 'lost', reason: 'connect ECONNREFUSED', retryInMs: 4_000 });
  });

  test('begins with short pauses again after a link that lived', async () => {
    const { clock, tries, cut } = rig('unreachable', 'unreachable', 'open');
    await clock.advance(3_000);
    await clock.advance(60_000);
    cut();
    await clock.advance(1_000);
    expect(gaps(tries)).toEqual([1_000, 2_000, 61_000]);
  });

  test('does not chase another device with its id: short-lived links count as failed tries', async () => {
    const { clock, tries, cut } = rig('open');
    for (let round = 0; round < 40; round++) {
      cut();
      await clock.advance(1_000);
    }
    expect(tries.length).toBeLessThan(8);
  });

  test('asks seldom after a refusal, and goes on when the device is let in', async () => {
    const { clock, states, tries } = rig({ refused: 5 }, { refused: 5 }, 'open');
    await clock.advance(31_000);
    expect(gaps(tries)).toEqual([15_000, 15_000]);
    expect(states.map(({ kind }) => kind)).toEqual(['refused', 'refused', 'connected']);
  });

  test('takes a hub in trouble (code 3) for lost, not refused', async () => {
    const { clock, states } = rig({ refused: 3 }, 'open');
    await clock.advance(1_000);
    expect(states.map(({ kind }) => kind)).toEqual(['lost', 'connected']);
  });

  test('renews its token by a new connection, with a goodbye and without a pause', async () => {
    const { clock, states, tries, goodbyes } = rig('open');
    await clock.advance(3_000_000);
    expect(goodbyes).toEqual([3_000_000]);
    expect(tries.map(({ at }) => at)).toEqual([0, 3_000_000]);
    expect(states.map(({ kind }) => kind)).toEqual(['connected', 'connected']);
  });

  test.each<Outcome>(['open', 'unreachable', 'hang', { refused: 5 }])(
    'closes at once when its try comes to %j, and tries no more',
    async (outcome) => {
      const { clock, keeper, tries } = rig(outcome);
      await clock.advance(100);
      const closing = keeper.close();
      await clock.advance(0);
      await closing;
      const { length } = tries;
      await clock.advance(10_000_000);
      expect(tries).toHaveLength(length);
      expect(keeper.link).toBeUndefined();
    },
  );
});

test('a pause lies between half and all of its doubling ceiling, whatever chance says', () => {
  const backoff = { firstMs: 500, maximumMs: 30_000 };
  fc.assert(
    fc.property(fc.nat(1_000), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, chance) => {
      const ceiling = Math.min(30_000, 500 * 2 ** attempt);
      const pause = backoffMs(backoff, attempt, () => chance);
      expect(pause).toBeGreaterThanOrEqual(Math.floor(ceiling / 2));
      expect(pause).toBeLessThanOrEqual(ceiling);
    }),
  );
});
