import { describe, expect, test } from 'vitest';
import { isFailure, type Failure } from '../../../../src/errors/index.ts';
import { releaseRecord, releaseValue } from '../../../../src/fleet/firmware/firmware-records.ts';
import { specSchema, type SpecInput } from '../../../../src/fleet/rollout/model/spec.ts';
import { attachRollout, makePlan, startRollout } from '../../../../src/fleet/rollout/operate/index.ts';
import { createWorld } from '../../../../src/fleet/rollout/rehearsal/index.ts';
import { readPlan, readRollout } from '../../../../src/fleet/rollout/records/index.ts';
import type { SignedManifest } from '../../../../src/protocol/firmware/index.ts';
import { sampleFirmware } from '../../../support/sample-plan.ts';

const now = Date.UTC(2026, 0, 1);
const by = { actor: 'mara', now };

/** A hub with ten pumps in the north, two of them of other hardware, one in the south, and firmware for them. */
async function hubWithPumps() {
  const world = createWorld();
  const { hub } = world.connect();
  for (let index = 0; index < 10; index++)
    world.add({
      deviceId: `pump-${index}`,
      tags: { site: 'north', hardware: index < 8 ? 'pump-v2' : 'pump-v1', firmwareVersion: '1.0.0' },
    });
  world.add({ deviceId: 'pump-south', tags: { site: 'south', hardware: 'pump-v2' } });
  const keep = async (signed: SignedManifest): Promise<void> => {
    const addedAt = '2026-01-01T00:00:00.000Z';
    await hub.records.write(releaseRecord(signed.manifest), releaseValue({ signed, addedAt }));
  };
  await keep(sampleFirmware());
  const { sha256, size } = sampleFirmware().manifest;
  world.artifacts.put({ sha256, size });
  return { world, hub, keep };
}

const specOf = (change: Partial<SpecInput> = {}) =>
  specSchema.parse({
    id: 'pump-2',
    firmware: { name: 'pump', version: '2.0.0' },
    target: { where: "tags.site = 'north'" },
    policy: { waves: [1, '50%', '100%'] },
    ...change,
  });

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isFailure(error)) throw new Error('there was no failure', { cause: error });
  return error;
}

describe('a plan', () => {
  test('is made of the devices that match, and the same each time', async () => {
    const { hub } = await hubWithPumps();
    const { plan } = await makePlan(hub, specOf(), { now });
    expect(plan.devices).toHaveLength(10);
    expect(plan.waveEnds.at(-1)).toBe(10);
    expect(
      plan.devices
        .filter(({ blocked }) => blocked === 'hardware-mismatch')
        .map(({ deviceId }) => deviceId)
        .toSorted(),
    ).toEqual(['pump-8', 'pump-9']);
    expect(plan.devices.every(({ version }) => version === '1.0.0')).toBe(true);
    expect((await makePlan(hub, specOf(), { now: now + 60_000 })).plan.digest).toBe(plan.digest);
  });

  test('of a list and a condition is made of what is in both, and says what is in neither', async () => {
    const { hub } = await hubWithPumps();
    const target = { where: "tags.site = 'north'", devices: ['pump-1', 'pump-south', "no'such"] };
    const { plan, missing } = await makePlan(hub, specOf({ target }), { now });
    expect(plan.devices.map(({ deviceId }) => deviceId)).toEqual(['pump-1']);
    expect(missing).toEqual(['pump-south', "no'such"]);
  });

  test('reads no more of twins than it needs', async () => {
    const { hub } = await hubWithPumps();
    const asked: string[] = [];
    const queries = {
      query: (text: string, options: object) => {
        asked.push(text);
        return hub.queries.query(text, options);
      },
    };
    await makePlan({ ...hub, queries }, specOf(), { now });
    expect(asked).toHaveLength(1);
    expect(asked[0]).not.toContain('*');
  });

  test.each([
    ['matches nothing', { target: { where: "tags.site = 'west'" } }, 'no-match'],
    ['has a condition that is none', { target: { where: "tags.site = 'a') OR (" } }, 'invalid-query'],
    ['names firmware that is not there', { firmware: { name: 'pump', version: '9.0.0' } }, 'firmware-not-found'],
    ['names another file', { firmware: { name: 'pump', version: '2.0.0', sha256: 'f'.repeat(64) } }, 'drifted'],
  ] as const)('that %s is refused', async (_, change, code) => {
    const { hub } = await hubWithPumps();
    expect((await failureOf(makePlan(hub, specOf(change), { now }))).code).toBe(code);
  });
});

describe('a rollout', () => {
  test('begins by its plan, once', async () => {
    const { hub } = await hubWithPumps();
    const { plan } = await makePlan(hub, specOf(), { now });
    expect(await startRollout(hub, plan, by)).toEqual({ outcome: 'created', planDigest: plan.digest });
    expect(await startRollout(hub, plan, { ...by, now: now + 1 })).toEqual({
      outcome: 'attached',
      planDigest: plan.digest,
    });
    const { header } = await readRollout(hub.records, 'pump-2');
    expect(header).toMatchObject({ createdBy: 'mara', createdAt: '2026-01-01T00:00:00.000Z', devices: 10 });
    expect((await readPlan(hub.records, 'pump-2', header)).devices).toEqual(plan.devices);
  });

  test('attaches however far it has come, and whatever became of the fleet', async () => {
    const { hub, world } = await hubWithPumps();
    const { plan } = await makePlan(hub, specOf(), { now });
    await startRollout(hub, plan, by);
    world.remove('pump-0');
    await hub.twins.patch('pump-1', { tags: { firmwareVersion: '2.0.0' } });
    expect((await startRollout(hub, plan, by)).outcome).toBe('attached');
    expect((await attachRollout(hub, specOf(), by))?.outcome).toBe('attached');
  });

  test('under an id that is taken by another is a conflict', async () => {
    const { hub } = await hubWithPumps();
    const { plan } = await makePlan(hub, specOf(), { now });
    expect(await attachRollout(hub, specOf(), by)).toBeUndefined();
    await startRollout(hub, plan, by);
    const other = specOf({ policy: { waves: ['100%'] } });
    const { plan: otherPlan } = await makePlan(hub, other, { now });
    expect((await failureOf(startRollout(hub, otherPlan, by))).code).toBe('conflict');
    expect((await failureOf(attachRollout(hub, other, by))).code).toBe('conflict');
  });

  test('does not begin when its file is not at the hub', async () => {
    const { hub, keep } = await hubWithPumps();
    await keep(sampleFirmware({ version: '3.0.0', sha256: 'a'.repeat(64) }));
    const { plan } = await makePlan(hub, specOf({ firmware: { name: 'pump', version: '3.0.0' } }), { now });
    const failure = await failureOf(startRollout(hub, plan, by));
    expect(failure.code).toBe('firmware-not-found');
    expect(failure.message).toBe('the file of pump@3.0.0 is not at the hub');
  });

  test('made by two at once is one', async () => {
    const { hub } = await hubWithPumps();
    const { plan } = await makePlan(hub, specOf(), { now });
    const started = await Promise.all([
      startRollout(hub, plan, by),
      startRollout(hub, plan, { actor: 'jon', now: now + 5 }),
    ]);
    expect(started.map(({ outcome }) => outcome).toSorted()).toEqual(['attached', 'created']);
  });

  test.each([
    ['a device is gone', async ({ world }: Rig) => world.remove('pump-0'), /1 planned no longer matches \(pump-0\)/],
    [
      'a device no longer matches',
      async ({ hub }: Rig) => hub.twins.patch('pump-0', { tags: { site: 'east' } }),
      /1 planned no longer matches \(pump-0\)/,
    ],
    [
      'another device matches',
      async ({ world }: Rig) => world.add({ deviceId: 'pump-new', tags: { site: 'north', hardware: 'pump-v2' } }),
      /1 more matches \(pump-new\)/,
    ],
    [
      'a device runs another version',
      async ({ hub }: Rig) => hub.twins.patch('pump-3', { tags: { firmwareVersion: '1.1.0' } }),
      /1 changed \(pump-3: version 1\.0\.0, now 1\.1\.0\)/,
    ],
    [
      'a device has other hardware',
      async ({ hub }: Rig) => hub.twins.patch('pump-3', { tags: { hardware: 'pump-v1' } }),
      /pump-3: blocked by nothing, now by hardware-mismatch/,
    ],
    [
      'the manifest is another one',
      async ({ keep }: Rig) => keep(sampleFirmware({ releaseCounter: 3 })),
      /the manifest is another one/,
    ],
  ] as const)('does not begin when %s', async (_, change, message) => {
    const rig = await hubWithPumps();
    const { plan } = await makePlan(rig.hub, specOf(), { now });
    await change(rig);
    const failure = await failureOf(startRollout(rig.hub, plan, by));
    expect(failure.code).toBe('drifted');
    expect(failure.exitCode).toBe(5);
    expect(failure.message).toMatch(message);
    expect((await failureOf(readRollout(rig.hub.records, 'pump-2'))).code).toBe('rollout-not-found');
  });
});

type Rig = Awaited<ReturnType<typeof hubWithPumps>>;
