import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../../src/errors/index.ts';
import { conditionOfGlobs, selectDevices, type DeviceSelector } from '../../../src/fleet/selection/index.ts';
import { matchGlob } from '../../../src/std/glob.ts';
import { collect, failureOf, memoryHub, type MemoryHub } from '../../support/memory-hub.ts';

function fleet(): MemoryHub {
  const hub = memoryHub();
  for (const id of ['pump-1', 'pump-2', 'pump-10', 'truck-1', "it's"])
    hub.add(id, { site: id.startsWith('pump') ? 'north' : 'south' });
  return hub;
}

function select(hub: MemoryHub, selector: Partial<DeviceSelector>, check = false): Promise<string[]> {
  return collect(selectDevices(hub, { ids: [], ...selector }, { check }));
}

describe('selecting devices', () => {
  it('when ids are named, then they come in that order, each once, without asking the hub', async () => {
    const hub = fleet();
    expect(await select(hub, { ids: ['truck-1', 'nobody', 'truck-1'] })).toEqual(['truck-1', 'nobody']);
    expect(hub.queriesRun).toEqual([]);
  });

  it('when ids are to be checked, then one that does not exist is a failure', async () => {
    expect(await select(fleet(), { ids: ['truck-1', 'pump-2'] }, true)).toEqual(['truck-1', 'pump-2']);
    expect(await failureOf(select(fleet(), { ids: ['truck-1', 'nobody'] }, true))).toMatchObject({
      code: 'device-not-found',
    });
  });

  it('when the ids may not be looked at, then they are taken as they are: a policy that may send is enough to send', async () => {
    const hub = fleet();
    hub.devices.get = async () => {
      throw new Failure('not-authorised', 'the policy service reads no keys');
    };
    expect(await select(hub, { ids: ['truck-1', 'nobody'] }, true)).toEqual(['truck-1', 'nobody']);
    // Whoever may not even ask is refused before anything is done.
    hub.queries.query = () => {
      throw new Failure('not-authorised', 'the key is wrong');
    };
    await expect(select(hub, { ids: ['truck-1'] }, true)).rejects.toThrow('reads no keys');
  });

  it('when globs are named, then the hub narrows by start and end, and the glob decides', async () => {
    const hub = fleet();
    expect(await select(hub, { ids: ['pump-?'] })).toEqual(['pump-1', 'pump-2']);
    expect(hub.queriesRun).toEqual(["SELECT deviceId FROM devices WHERE (STARTSWITH(deviceId, 'pump-'))"]);
    expect(await select(hub, { ids: ['*-1', "it's", 'it?s'] })).toEqual(["it's", 'pump-1', 'truck-1']);
  });

  it('when there is a condition too, then it narrows what is named; alone it selects', async () => {
    const where = "tags.site = 'north'";
    expect(await select(fleet(), { where })).toEqual(['pump-1', 'pump-2', 'pump-10']);
    expect(await select(fleet(), { where, ids: ['truck-1', 'pump-2'] })).toEqual(['pump-2']);
    expect(await select(fleet(), { where, ids: ['*-1'] })).toEqual(['pump-1']);
  });

  it('when a condition would break out of its parentheses, then it is refused', async () => {
    const where = "tags.site = 'north') OR (deviceId != ''";
    expect(await failureOf(select(fleet(), { where, ids: ['*-1'] }))).toMatchObject({ code: 'invalid-query' });
  });

  it('when ids come from lines, then blank lines do not count and globs work', async () => {
    expect(await select(fleet(), { from: ['', ' pump-2 ', 'truck-*', ''] })).toEqual(['pump-2', 'truck-1']);
  });

  it('when the lines are empty, then nothing is selected, rather than everything', async () => {
    expect(await select(fleet(), { from: [] })).toEqual([]);
    expect(await failureOf(select(fleet(), {}))).toMatchObject({ code: 'usage' });
  });

  it('when many ids are narrowed by a condition, then they are asked for in queries of bounded length', async () => {
    const hub = fleet();
    const ids = Array.from({ length: 500 }, (_, index) => `${'x'.repeat(100)}${index}`);
    await select(hub, { ids, where: 'IS_DEFINED(tags.site)' });
    expect(hub.queriesRun.length).toBeGreaterThan(5);
    expect(Math.max(...hub.queriesRun.map((text) => text.length))).toBeLessThan(8_192);
  });

  it('never narrows away a device that its glob matches', async () => {
    const id = fc.stringMatching(/^[a-c'\\*?-]{1,6}$/);
    await fc.assert(
      fc.asyncProperty(
        fc.array(id, { minLength: 1, maxLength: 6 }),
        fc.array(id, { minLength: 1, maxLength: 3 }),
        async (devices, globs) => {
          const hub = memoryHub();
          for (const device of new Set(devices)) hub.add(device);
          const patterns = globs.map((glob) => `${glob}*`);
          const expected = [...new Set(devices)].filter((device) =>
            patterns.some((pattern) => matchGlob(pattern, device)),
          );
          expect((await select(hub, { ids: patterns })).toSorted()).toEqual(expected.toSorted());
        },
      ),
    );
  });

  it('when there are more globs than a query can hold, then all devices are read', () => {
    expect(conditionOfGlobs(Array.from({ length: 1_000 }, (_, index) => `device-${index}-*`))).toBeUndefined();
    expect(conditionOfGlobs(['a*', '*'])).toBeUndefined();
  });
});
