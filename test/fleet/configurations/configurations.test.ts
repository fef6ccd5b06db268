import { describe, expect, it } from 'vitest';
import { Failure } from '../../../src/errors/index.ts';
import {
  applyPlan,
  findConfiguration,
  planConfigurations,
  readConfigurations,
} from '../../../src/fleet/configurations/index.ts';
import type { Configuration } from '../../../src/protocol/configuration.ts';
import { fakeClock } from '../../support/fake-clock.ts';

/** A hub that keeps configurations; `results` are told for each of them. */
function keeping(results: Readonly<Record<string, number>> = { targetedCount: 1, appliedCount: 1 }) {
  const kept = new Map<string, Configuration>();
  const steps: string[] = [];
  let writes = 0;
  const configurations = {
    list: async () => [...kept.values()],
    async get(id: string) {
      const found = kept.get(id);
      if (found === undefined) throw new Failure('not-found', id);
      return found;
    },
    async put(draft: object & { id: string }, options: { etag?: string } = {}) {
      steps.push(`${options.etag === undefined ? 'create' : 'update'} ${draft.id}`);
      const metrics = { results: {}, queries: {}, ...('metrics' in draft ? (draft.metrics as object) : {}) };
      const times = { createdTimeUtc: '', lastUpdatedTimeUtc: '' };
      const made = { ...times, ...draft, metrics, systemMetrics: { results, queries: {} }, etag: String(++writes) };
      kept.set(draft.id, made as unknown as Configuration);
      return kept.get(draft.id)!;
    },
    async delete(id: string) {
      steps.push(`delete ${id}`);
      if (!kept.delete(id)) throw new Failure('not-found', id);
    },
    test: async () => ({ targetConditionError: null, customMetricQueryErrors: {} }),
  };
  return { kept, steps, hub: { configurations } };
}

const file = (pressure: number, more: object = {}) => ({
  id: 'north',
  targetCondition: '*',
  priority: 5,
  content: { deviceContent: { 'properties.desired': { pressure } } },
  ...more,
});

async function apply(fleet: ReturnType<typeof keeping>, document: object, patienceMs = 1_000) {
  const [plan] = await planConfigurations(fleet.hub, readConfigurations(document as never, 'file'));
  const clock = fakeClock();
  const applied = applyPlan(fleet.hub, plan!, { clock, patienceMs, onStep: () => undefined });
  await clock.advance(patienceMs);
  return applied;
}

describe('finding a configuration', () => {
  it('takes the id itself, or else the newest revision of what files call so', async () => {
    const fleet = keeping();
    await apply(fleet, file(8));
    expect(await findConfiguration(fleet.hub, 'north')).toMatchObject({ id: 'north' });
    await apply(fleet, file(9));
    await apply(fleet, file(10));
    expect(await findConfiguration(fleet.hub, 'north')).toMatchObject({ id: 'north-r3' });
    await expect(findConfiguration(fleet.hub, 'nort')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('takes no configuration of somebody else that is only called like a revision', async () => {
    const fleet = keeping();
    await apply(fleet, { ...file(8), id: 'south-r2' });
    await expect(findConfiguration(fleet.hub, 'south')).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('applying configurations', () => {
  it('creates, then changes nothing', async () => {
    const fleet = keeping();
    expect(await apply(fleet, file(8))).toEqual({ name: 'north', id: 'north', result: 'created' });
    expect(await apply(fleet, file(8))).toMatchObject({ result: 'unchanged' });
    expect(fleet.steps).toEqual(['create north']);
  });

  it('updates in place what may change', async () => {
    const fleet = keeping();
    await apply(fleet, file(8));
    expect(await apply(fleet, file(8, { priority: 6 }))).toMatchObject({ result: 'updated' });
    expect(fleet.steps).toEqual(['create north', 'update north']);
  });

  it('lets a new revision take over before the old one goes, and gives it its own priority last', async () => {
    const fleet = keeping();
    await apply(fleet, file(8));
    expect(await apply(fleet, file(9, { priority: 2 }))).toMatchObject({ id: 'north-r2', result: 'replaced' });
    expect(fleet.steps).toEqual(['create north', 'create north-r2', 'delete north', 'update north-r2']);
    expect(fleet.kept.get('north-r2')).toMatchObject({ priority: 2, labels: { 'iotctl-name': 'north' } });
    expect(await apply(fleet, file(10))).toMatchObject({ id: 'north-r3', result: 'replaced' });
    expect([...fleet.kept.keys()]).toEqual(['north-r3']);
  });

  it('keeps the old one while the new one is not in force everywhere; the next apply deletes it', async () => {
    const slow = keeping({ targetedCount: 2, appliedCount: 1 });
    await apply(slow, file(8));
    expect(await apply(slow, file(9))).toMatchObject({ id: 'north-r2', result: 'waiting' });
    expect([...slow.kept.keys()]).toEqual(['north', 'north-r2']);
    const done = keeping();
    for (const [id, one] of slow.kept)
      done.kept.set(id, { ...one, systemMetrics: { results: { targetedCount: 2, appliedCount: 2 }, queries: {} } });
    expect(await apply(done, file(9))).toMatchObject({ id: 'north-r2', result: 'retired' });
    expect([...done.kept.keys()]).toEqual(['north-r2']);
  });

  it('does not take another configuration for a revision', async () => {
    const fleet = keeping();
    await apply(fleet, file(1, { id: 'north-r2' }));
    await apply(fleet, file(8));
    expect([...fleet.kept.keys()].toSorted()).toEqual(['north', 'north-r2']);
    expect(await apply(fleet, file(9))).toMatchObject({ id: 'north-r3', result: 'replaced' });
    expect([...fleet.kept.keys()].toSorted()).toEqual(['north-r2', 'north-r3']);
  });

  it('takes what is shown of a later revision for the configuration itself', async () => {
    const fleet = keeping();
    await apply(fleet, file(8));
    await apply(fleet, file(9));
    const shown = fleet.kept.get('north-r2')!;
    expect(await apply(fleet, shown)).toMatchObject({ name: 'north', result: 'unchanged' });
    expect(await apply(fleet, { ...shown, priority: 9 })).toMatchObject({ name: 'north', result: 'updated' });
    expect(fleet.kept.get('north-r2')?.labels).toEqual({ 'iotctl-name': 'north' });
  });
});

describe('a file of configurations', () => {
  it.each([
    [[file(1), file(2)], 'the id north is there twice'],
    [{ ...file(1), id: 'North' }, '"id" may hold only'],
    [{ ...file(1), priority: -1 }, '"priority" must be'],
    [{ ...file(1), labels: { a: 1 } }, '"labels.a" must be text'],
    [{ ...file(1), metrics: { queries: [] } }, '"metrics.queries" must be an object'],
    [[1], 'must be an object'],
  ])('%j is refused', (document, message) => {
    expect(() => readConfigurations(document as never, 'file')).toThrow(message);
  });
});
