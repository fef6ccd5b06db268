import { describe, expect, it } from 'vitest';
import { createGuessLimit } from '../../../src/hub/auth/guess-limit.ts';
import { limitedGatekeeper } from '../../../src/hub/auth/limited-gatekeeper.ts';
import { defaultLimits } from '../../../src/hub/limits/index.ts';
import { deviceToken, openCore } from '../../support/core-fixture.ts';
import { fakeClock } from '../../support/fake-clock.ts';

const limits = {
  ...defaultLimits.credentials,
  guesses: 3,
  guessMs: 1_000,
  guessesPerAddress: 6,
  guessPerAddressMs: 100,
};

function bench(more: Partial<typeof limits> = {}) {
  const clock = fakeClock();
  const guesses = createGuessLimit({ ...limits, ...more }, clock);
  const fail = (count: number, address: string, name: string): void => {
    for (let index = 0; index < count; index++) guesses.failed(address, name);
  };
  return { clock, guesses, fail };
}

describe('wrong credentials', () => {
  it('when there were few, then nobody waits', () => {
    const { guesses, fail } = bench();
    expect(guesses.waitMs('a', 'd1')).toBe(0);
    fail(2, 'a', 'd1');
    expect(guesses.waitMs('a', 'd1')).toBe(0);
  });

  it('when there were many, then one may be tried each step, however many there were', async () => {
    const { clock, guesses, fail } = bench({ guessesPerAddress: 1_000_000 });
    fail(5_000, 'a', 'd1');
    expect(guesses.waitMs('a', 'd1')).toBe(1_000);
    await clock.advance(1_000);
    expect(guesses.waitMs('a', 'd1')).toBe(0);
    fail(1, 'a', 'd1');
    expect(guesses.waitMs('a', 'd1')).toBe(1_000);
  });

  it('when they came from elsewhere, or for another, then this one does not wait', () => {
    const { guesses, fail } = bench();
    fail(5, 'a', 'd1');
    expect(guesses.waitMs('b', 'd1')).toBe(0);
    expect(guesses.waitMs('a', 'd2')).toBe(0);
  });

  it('when one address tries many names, then new ones wait, and those that were let in do not', () => {
    const { guesses, fail } = bench();
    fail(1, 'a', 'other');
    guesses.succeeded('a', 'honest');
    for (let name = 0; name < 6; name++) fail(1, 'a', `d${name}`);
    expect(guesses.waitMs('a', 'new')).toBeGreaterThan(0);
    expect(guesses.waitMs('a', 'honest')).toBe(0);
    expect(guesses.waitMs('b', 'new')).toBe(0);
  });

  it('when an address of IPv6 changes within its network, then it is the same', () => {
    const { guesses, fail } = bench();
    fail(4, '2001:db8:1:2:aaaa::1', 'd1');
    expect(guesses.waitMs('2001:db8:1:2::9', 'd1')).toBeGreaterThan(0);
    expect(guesses.waitMs('2001:db8:1:3::9', 'd1')).toBe(0);
    fail(4, '::1', 'd1');
    expect(guesses.waitMs('::1', 'd1')).toBeGreaterThan(0);
  });

  it('when there are more than are remembered, then the oldest are forgotten', () => {
    const { guesses, fail } = bench({ remembered: 2, guessesPerAddress: 1_000 });
    for (const address of ['a', 'b', 'c']) fail(4, address, 'd1');
    expect(guesses.waitMs('a', 'd1')).toBe(0);
    expect(guesses.waitMs('c', 'd1')).toBeGreaterThan(0);
  });
});

describe('a gatekeeper with that limit', () => {
  it('when a key is tried again and again, then it is refused unread, and the right one works from elsewhere and a little later', async () => {
    const fixture = await openCore();
    const { core, clock } = fixture;
    await core.registry.put('d1', { deviceId: 'd1' }, undefined);
    const gatekeeper = limitedGatekeeper(core.gatekeeper, createGuessLimit(limits, clock));
    const enter = (token: string | undefined, remote: string): Promise<unknown> =>
      gatekeeper.authenticateDevice({ identity: 'd1', token, remote });
    const good = await deviceToken(fixture, 'd1');
    const wrong = good.replace(/sig=[^&]+/, 'sig=AAAA');
    for (let attempt = 0; attempt < 3; attempt++)
      await expect(enter(wrong, '10.0.0.1:999')).rejects.toMatchObject({ symbol: 'IotHubUnauthorizedAccess' });
    await expect(enter(good, '10.0.0.1:1')).rejects.toMatchObject({
      symbol: 'ThrottlingException',
      info: { retryAfterSeconds: 1 },
    });
    await enter(good, '10.0.0.2:1');
    await clock.advance(1_000);
    await enter(good, '10.0.0.1:2');
    await fixture.close();
  });

  it('when somebody has the key but not the right, or no credentials at all, then that is no guess', async () => {
    const fixture = await openCore();
    const gatekeeper = limitedGatekeeper(fixture.core.gatekeeper, createGuessLimit(limits, fixture.clock));
    const ask = (token: string | undefined): Promise<unknown> =>
      gatekeeper.authorizeService({ token, resource: '/devices', anyOf: ['RegistryWrite'], remote: '10.0.0.1' });
    for (let attempt = 0; attempt < 20; attempt++)
      for (const token of [undefined, fixture.serviceToken('service')])
        await expect(ask(token)).rejects.toMatchObject({ symbol: 'IotHubUnauthorizedAccess' });
    await fixture.close();
  });
});
