import { describe, expect, it } from 'vitest';
import { acquireLease, leaseTtlMs } from '../../../../src/fleet/rollout/controller/lease.ts';
import { createWorld, type World } from '../../../../src/fleet/rollout/rehearsal/index.ts';
import { Failure } from '../../../../src/errors/index.ts';
import type { ClientOptions } from '../../../../src/fleet/rollout/rehearsal/world-client.ts';

const name = 'rollouts/pump-2/lease';

function candidate(world: World, holder: string, options: ClientOptions = {}) {
  const client = world.connect(options);
  const stop = new AbortController();
  const standbys: string[] = [];
  const lease = acquireLease({
    records: client.hub.records,
    clock: client.clock,
    random: () => 0.5,
    rolloutId: 'pump-2',
    holder,
    fence: async () => 0,
    onStandby: (other) => standbys.push(other),
    signal: stop.signal,
  });
  lease.catch(() => undefined);
  let isHeld = false;
  void lease.then(
    () => (isHeld = true),
    () => undefined,
  );
  return { client, lease, stop, standbys, isHeld: () => isHeld };
}

describe('the lease of a rollout', () => {
  it('is renewed, and keeps others waiting for as long as it is', async () => {
    const world = createWorld();
    const first = candidate(world, 'first');
    const lease = await world.clock.run(first.lease);
    const second = candidate(world, 'second');
    await world.clock.advance(20 * leaseTtlMs);
    expect([lease.lost.aborted, second.isHeld(), second.standbys]).toEqual([false, false, ['first']]);
    expect(() => lease.check()).not.toThrow();
  });

  it('passes on at once when it is given back', async () => {
    const world = createWorld();
    const first = await world.clock.run(candidate(world, 'first').lease);
    await world.clock.run(first.release());
    const begun = world.clock.monotonic();
    const second = await world.clock.run(candidate(world, 'second').lease);
    expect([world.clock.monotonic() - begun, second.fence]).toEqual([0, first.fence + 1]);
    expect(() => first.check()).toThrow('given back');
  });

  it('passes on when its holder was killed, after its time and a look', async () => {
    const world = createWorld();
    const first = candidate(world, 'first');
    await world.clock.run(first.lease);
    await world.clock.advance(leaseTtlMs);
    const second = candidate(world, 'second');
    await world.clock.advance(1);
    first.client.kill();
    const begun = world.clock.monotonic();
    const lease = await world.clock.run(second.lease);
    expect(world.clock.monotonic() - begun).toBeLessThanOrEqual(leaseTtlMs * 1.7);
    expect(lease.fence).toBe(2);
  });

  it('passes on at once when its holder is known to be gone', async () => {
    const world = createWorld();
    const first = candidate(world, 'hub 1');
    await world.clock.run(first.lease);
    first.client.kill();
    const { hub, clock } = world.connect();
    const lease = await world.clock.run(
      acquireLease({
        records: hub.records,
        clock,
        random: () => 0.5,
        rolloutId: 'pump-2',
        holder: 'hub 2',
        isGone: (holder) => holder.startsWith('hub '),
        fence: async () => 7,
        signal: new AbortController().signal,
      }),
    );
    expect([lease.fence, world.clock.monotonic()]).toEqual([8, 0]);
  });

  it('is one candidate’s alone when many want it at once', async () => {
    const world = createWorld();
    const all = Array.from({ length: 10 }, (_, index) => candidate(world, `c${index}`, { latencyMs: 20 }));
    await world.clock.advance(10 * leaseTtlMs);
    expect(all.filter(({ isHeld }) => isHeld())).toHaveLength(1);
  });

  it('is lost to its holder before another takes it, when the hub does not answer the holder', async () => {
    const world = createWorld();
    let isCut = false;
    const first = candidate(world, 'first', {
      onWrite: () => {
        if (isCut) throw new Failure('hub-unreachable', 'cut', { retryable: true });
      },
    });
    const lease = await world.clock.run(first.lease);
    const second = candidate(world, 'second');
    await world.clock.advance(leaseTtlMs);
    isCut = true;
    let lostAt: number | undefined;
    lease.lost.addEventListener('abort', () => (lostAt = world.clock.monotonic()));
    await world.clock.run(second.lease);
    expect(lostAt).toBeLessThanOrEqual(world.clock.monotonic());
    expect(() => lease.check()).toThrow('lapsed');
  });

  it('is not taken for lost when only the answer to a renewal was', async () => {
    const world = createWorld();
    let cuts = 3;
    const first = candidate(world, 'first', {
      onWrite: ({ stage, index }) => {
        if (stage === 'after' && index > 1 && cuts-- > 0)
          throw new Failure('hub-unreachable', 'cut', { retryable: true });
      },
    });
    const lease = await world.clock.run(first.lease);
    await world.clock.advance(5 * leaseTtlMs);
    expect(lease.lost.aborted).toBe(false);
    expect(world.records.read(name)?.value).toMatchObject({ holder: 'first', fence: 1 });
  });

  it('is known to be lost by a holder that stood still meanwhile', async () => {
    const world = createWorld();
    const first = candidate(world, 'first');
    const lease = await world.clock.run(first.lease);
    // As a process that is stopped: no timer of it fires, while the time goes on.
    first.client.kill();
    await world.clock.run(candidate(world, 'second').lease);
    expect(() => lease.check()).toThrow('lapsed');
    expect(world.records.read(name)?.value).toMatchObject({ holder: 'second', fence: 2 });
  });
});
