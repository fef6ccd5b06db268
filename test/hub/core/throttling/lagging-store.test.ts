import { afterEach, beforeEach, expect, it } from 'vitest';
import { createCore, type RunningCore } from '../../../../src/hub/core/core.ts';
import type { RegistryStore } from '../../../../src/hub/core/ports.ts';
import { openLaggingStore } from '../../../../src/hub/core/throttling/lagging-store.ts';
import { openRegistryStore } from '../../../../src/hub/store/sqlite/index.ts';
import { openCore, type CoreFixture } from '../../../support/core-fixture.ts';

let fixture: CoreFixture;
let lagging: RegistryStore;
let core: RunningCore;

beforeEach(async () => {
  fixture = await openCore();
  await fixture.core.registry.put('old', { deviceId: 'old' }, undefined);
  await fixture.core.registry.modules.put('old/camera', { deviceId: 'old', moduleId: 'camera' }, undefined);
  const replica = await openRegistryStore({ file: ':memory:' });
  const onError = (error: unknown): void => void fixture.errors.push(error);
  const { store, clock, telemetry } = fixture;
  lagging = await openLaggingStore({ store, replica, clock, lagMs: 30_000, onError });
  core = createCore({ store: lagging, telemetry, gatekeeper: fixture.core.gatekeeper, clock, onError });
});

afterEach(async () => {
  await core.close();
  await lagging.close();
  await fixture.close();
  expect(fixture.errors).toEqual([]);
});

async function ids(where = ''): Promise<unknown[]> {
  return (await core.queries.run(`SELECT deviceId FROM devices ${where}`, { limit: 10 })).rows.map(
    (row) => row['deviceId'],
  );
}

it('answers queries with what was true a lag ago, and single reads with what is', async () => {
  await core.registry.put('new', { deviceId: 'new' }, undefined);
  await core.twins.patch('new', { tags: { site: 'north' } }, undefined);
  expect((await core.twins.get('new')).tags).toEqual({ site: 'north' });
  await fixture.clock.advance(29_999);
  expect(await ids()).toEqual(['old']);
  await fixture.clock.advance(1);
  expect(await ids()).toEqual(['new', 'old']);
  expect(await ids("WHERE tags.site = 'north'")).toEqual(['new']);
});

it('shows aggregates and modules as of the same moment', async () => {
  const modules = 'SELECT moduleId FROM devices.modules';
  expect((await core.queries.run(modules, { limit: 10 })).rows).toEqual([{ moduleId: 'camera' }]);
  await core.registry.delete('old', '*');
  await core.registry.put('new', { deviceId: 'new' }, undefined);
  const count = 'SELECT COUNT() AS n FROM devices';
  await fixture.clock.advance(10_000);
  expect((await core.queries.run(count, { limit: 10 })).rows).toEqual([{ n: 1 }]);
  expect((await core.queries.run(modules, { limit: 10 })).rows).toHaveLength(1);
  await fixture.clock.advance(20_000);
  expect(await ids()).toEqual(['new']);
  expect((await core.queries.run(modules, { limit: 10 })).rows).toEqual([]);
});

it('catches up in order when many changes of one device fall due together', async () => {
  for (let value = 1; value <= 20; value++) await core.twins.patch('old', { tags: { value } }, undefined);
  await core.registry.delete('old', '*');
  await core.registry.put('old', { deviceId: 'old' }, undefined);
  await core.twins.patch('old', { tags: { value: 100 } }, undefined);
  await fixture.clock.advance(30_000);
  expect(await ids('WHERE tags.value = 100')).toEqual(['old']);
});
