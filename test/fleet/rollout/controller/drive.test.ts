import { describe, expect, it } from 'vitest';
import { changeIntent, recordNames } from '../../../../src/fleet/rollout/records/index.ts';
import { leaseTtlMs } from '../../../../src/fleet/rollout/controller/lease.ts';
import type { ControllerEvent } from '../../../../src/fleet/rollout/controller/index.ts';
import { Failure } from '../../../../src/errors/index.ts';
import { createRig } from '../../../support/rollout-rig.ts';

const small = { devices: 12, waveEnds: [2, 6, 12] } as const;
const note = { at: '2026-01-01T00:00:00.000Z', actor: 'ada', action: 'asked', details: {} };
const hour = 3_600_000;

describe('driving a rollout', () => {
  it('brings every device to the new firmware, wave by wave, and says so in the audit', async () => {
    const rig = await createRig({ devices: 50, waveEnds: [2, 10, 30, 50], policy: { maxInProgress: 10 } });
    const end = await rig.world.clock.run(rig.controller().done, { limitMs: 24 * hour });
    expect(end).toMatchObject({ kind: 'ended', state: { phase: 'completed' } });
    expect(rig.watch.problems).toEqual([]);
    expect([rig.watch.offers.size, rig.watch.mostInProgress]).toEqual([50, 10]);
    expect(await rig.audit()).toEqual([]);
    const reports = (await rig.entries()).filter(({ action }) => action === 'report');
    expect(new Set(reports.map(({ details }) => details['state']))).toContain('confirmed');
    const said = reports.map(
      ({ actor, details }) => `${actor} ${JSON.stringify([details['attempt'], details['state']])}`,
    );
    expect(new Set(said).size).toBe(said.length);
  });

  it('ends at once when it is over already', async () => {
    const rig = await createRig(small);
    await rig.world.clock.run(rig.controller().done);
    const again = rig.controller();
    expect(await rig.world.clock.run(again.done)).toMatchObject({ state: { phase: 'completed' } });
    expect(again.client.calls).toBeLessThan(6);
  });

  it('stops offering within 5 seconds of the report that crosses the limit', async () => {
    const rig = await createRig({
      devices: 60,
      waveEnds: [10, 60],
      faults: 'bad-image=2.0.0',
      policy: { rate: { perMinute: 60 }, failureLimit: { count: 2 } },
    });
    let crossedAt = Number.POSITIVE_INFINITY;
    let lastOfferAt = 0;
    const failed = new Set<string>();
    rig.world.onTwinChange((before, after) => {
      if (before.desired.version !== after.desired.version) lastOfferAt = rig.world.clock.monotonic();
      const report = JSON.stringify(after.reported.content['firmware'] ?? {});
      if (report.includes('"reverted"')) failed.add(after.deviceId);
      if (failed.size === 3) crossedAt = Math.min(crossedAt, rig.world.clock.monotonic());
    });
    const controller = rig.controller();
    await rig.world.clock.advance(hour);
    expect(lastOfferAt).toBeLessThanOrEqual(crossedAt + 5_000);
    expect(await rig.state()).toMatchObject({ phase: 'paused', halt: { kind: 'failure-limit' } });
    expect([...rig.watch.offers.keys()].every((deviceId) => deviceId < 'pump-00010')).toBe(true);
    controller.stop();
  });

  it('follows what operators ask for, within seconds', async () => {
    const rig = await createRig({ ...small, policy: { rate: { perMinute: 6 } } });
    const { records } = rig.world.connect().hub;
    const controller = rig.controller();
    await rig.world.clock.advance(15_000);
    await changeIntent(records, 'pump-2', { note, change: ({ intent }) => ({ ...intent, paused: true }) });
    await rig.world.clock.advance(3_000);
    expect(await rig.state()).toMatchObject({ phase: 'paused', halt: { kind: 'operator' } });
    const offered = rig.watch.offers.size;
    await rig.world.clock.advance(hour);
    expect(rig.watch.offers.size).toBe(offered);
    await changeIntent(records, 'pump-2', {
      note,
      change: ({ intent }) => ({ ...intent, paused: false, resumes: (intent.resumes ?? 0) + 1 }),
    });
    expect(await rig.world.clock.run(controller.done)).toMatchObject({ state: { phase: 'completed' } });
    expect(rig.watch.problems).toEqual([]);
  });

  it('waits while the firmware file is gone, and says why', async () => {
    const rig = await createRig(small);
    const { sha256, size } = rig.plan.firmware.manifest;
    rig.world.artifacts.remove(sha256);
    const controller = rig.controller();
    await rig.world.clock.advance(60_000);
    expect(await rig.state()).toMatchObject({ halt: { kind: 'trouble' } });
    expect(rig.watch.offers.size).toBe(0);
    rig.world.artifacts.put({ sha256, size });
    const { records } = rig.world.connect().hub;
    await changeIntent(records, 'pump-2', {
      note,
      change: ({ intent }) => ({ ...intent, resumes: (intent.resumes ?? 0) + 1 }),
    });
    expect(await rig.world.clock.run(controller.done)).toMatchObject({ state: { phase: 'completed' } });
  });

  it('waits out a hub that is away, and goes on', async () => {
    const rig = await createRig(small);
    const events: ControllerEvent[] = [];
    let isAway = false;
    const controller = rig.controller({
      onEvent: (event) => events.push(event),
      onWrite: () => {
        if (isAway) throw new Failure('hub-unreachable', 'away', { retryable: true });
      },
    });
    await rig.world.clock.advance(100);
    isAway = true;
    await rig.world.clock.advance(10_000);
    isAway = false;
    expect(await rig.world.clock.run(controller.done)).toMatchObject({ state: { phase: 'completed' } });
    expect(events.some(({ kind }) => kind === 'trouble')).toBe(true);
    expect([rig.watch.problems, await rig.audit()]).toEqual([[], []]);
  });

  it('is not confused by writes whose answers are lost', async () => {
    const rig = await createRig(small);
    let count = 0;
    const controller = rig.controller({
      onWrite: ({ stage, name }) => {
        if (stage === 'after' && !name.endsWith('/lease') && ++count % 5 === 0)
          throw new Failure('hub-unreachable', 'cut', { retryable: true });
      },
    });
    const end = await rig.world.clock.run(controller.done, { limitMs: 24 * hour });
    expect(end).toMatchObject({ state: { phase: 'completed' } });
    expect([rig.watch.problems, await rig.audit()]).toEqual([[], []]);
  });

  it('goes on without devices that are deleted, and looks again at twins that others change', async () => {
    const rig = await createRig({ ...small, policy: { rate: { perMinute: 20 } } });
    const other = rig.world.connect().hub;
    const controller = rig.controller();
    for (let round = 0; round < 60; round++) {
      await rig.world.clock.advance(500);
      for (const { deviceId } of rig.plan.devices.slice(0, 11)) await other.twins.patch(deviceId, { tags: { round } });
      if (round === 10) rig.world.remove('pump-00011');
    }
    const end = await rig.world.clock.run(controller.done, { limitMs: 24 * hour });
    expect(end).toMatchObject({ state: { phase: 'completed' } });
    expect([rig.watch.problems, rig.watch.offers.size]).toEqual([[], 11]);
  });
});

describe('several controllers of one rollout', () => {
  it('drive it one at a time, and another takes over at once from one that stops', async () => {
    const rig = await createRig({ ...small, policy: { rate: { perMinute: 6 } } });
    const events: string[] = [];
    const [first, second] = ['first', 'second'].map((name) =>
      rig.controller({
        onEvent: ({ kind }) => kind !== 'decided' && kind !== 'finding' && events.push(`${name} ${kind}`),
      }),
    );
    await rig.world.clock.advance(2 * leaseTtlMs);
    expect(events.toSorted()).toEqual(['first driving', 'second standing-by']);
    const stoppedAt = rig.world.clock.monotonic();
    first?.stop();
    await rig.world.clock.advance(leaseTtlMs / 3 + 1_000);
    expect(events.at(-1)).toBe('second driving');
    expect(rig.world.clock.monotonic() - stoppedAt).toBeLessThan(leaseTtlMs);
    expect(await rig.world.clock.run(second?.done ?? Promise.reject(new Error('none')))).toMatchObject({
      state: { phase: 'completed' },
    });
    expect([rig.watch.problems, await rig.audit()]).toEqual([[], []]);
  });

  it('are not both driving when one stood still and wakes up, wherever it stood', async () => {
    for (let stop = 2; stop < 60; stop += 4) {
      const rig = await createRig({ ...small, policy: { maxInProgress: 3 } });
      const frozen = rig.frozenAt(stop);
      await rig.world.clock.run(frozen.frozen);
      const second = rig.controller();
      await rig.world.clock.advance(2 * leaseTtlMs);
      const fence = rig.world.records.read(recordNames('pump-2').state)?.value['state'];
      frozen.thaw();
      expect(await rig.world.clock.run(frozen.done, { limitMs: hour }), `frozen at ${stop}`).toMatchObject({
        kind: 'lost',
      });
      const after = rig.world.records.read(recordNames('pump-2').state)?.value['state'];
      expect([fence, after]).toMatchObject([{ fence: 2 }, { fence: 2 }]);
      expect(await rig.world.clock.run(second.done, { limitMs: 24 * hour })).toMatchObject({
        state: { phase: 'completed' },
      });
      expect([rig.watch.problems, await rig.audit()], `frozen at ${stop}`).toEqual([[], []]);
    }
  });

  it('agree although their clocks do not', async () => {
    const rig = await createRig({ ...small, policy: { rate: { perMinute: 10 } } });
    for (const skewMs of [0, 36 * hour, -36 * hour]) {
      const controller = rig.controller({ skewMs });
      await rig.world.clock.advance(25_000);
      controller.client.kill();
    }
    const end = await rig.world.clock.run(rig.controller({ skewMs: hour }).done, { limitMs: 24 * hour });
    expect(end).toMatchObject({ state: { phase: 'completed', summary: { failures: 0 } } });
    expect(rig.watch.problems).toEqual([]);
  });
});
