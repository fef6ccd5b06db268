import { describe, expect, it } from 'vitest';
import { findJobTarget, newJobId } from '../../../src/fleet/jobs/index.ts';
import { jobIdProblem } from '../../../src/protocol/job.ts';
import { matchGlob } from '../../../src/std/glob.ts';
import { memoryHub } from '../../support/memory-hub.ts';

/** A hub that notes what is asked and counts everything. */
function asking(total = 2) {
  const asked: string[] = [];
  const hub = memoryHub();
  for (const id of ['pump-1', 'pump-2', 'truck-1']) hub.add(id);
  const queries = {
    async *query(text: string) {
      asked.push(text);
      if (text.includes('COUNT()')) yield [{ total }];
      else yield* hub.queries.query(text);
    },
  };
  return { asked, hub: { devices: hub.devices, queries } };
}

describe('the condition of a job', () => {
  it.each([
    [{ ids: ['pump-1'] }, "deviceId = 'pump-1'"],
    [{ ids: ['pump-1', 'truck-*'] }, "deviceId = 'pump-1' OR STARTSWITH(deviceId, 'truck-')"],
    [{ ids: ['*-1'] }, "ENDSWITH(deviceId, '-1')"],
    [{ ids: ['*'] }, '*'],
    [{ ids: ['*'], where: 'tags.a = 1' }, 'tags.a = 1'],
    [{ ids: [], where: 'tags.a = 1 OR tags.b = 2' }, 'tags.a = 1 OR tags.b = 2'],
    [
      { ids: ['pump-*'], where: 'tags.a = 1 OR tags.b = 2' },
      "(STARTSWITH(deviceId, 'pump-')) AND (tags.a = 1 OR tags.b = 2)",
    ],
    [{ ids: ["it's"] }, String.raw`deviceId = 'it\'s'`],
    [{ ids: [], where: "FROM devices.modules WHERE moduleId = 'x'" }, "FROM devices.modules WHERE moduleId = 'x'"],
  ])('of %j is left to the hub', async (selector, condition) => {
    const { hub, asked } = asking();
    expect(await findJobTarget(hub, selector)).toEqual({ condition, count: 2 });
    expect(asked).toHaveLength(1);
  });

  it('writes out the ids that the query language cannot say', async () => {
    const { hub } = asking();
    expect(matchGlob('p?mp-*', 'pump-1')).toBe(true);
    expect(await findJobTarget(hub, { ids: ['p?mp-*'] })).toMatchObject({
      condition: "deviceId IN ['pump-1', 'pump-2']",
    });
    expect(await findJobTarget(hub, { ids: [], from: ['truck-1'] })).toMatchObject({
      condition: "deviceId IN ['truck-1']",
    });
  });

  it.each([
    [{ ids: [] }, 'usage'],
    [{ ids: ['a'], where: 'FROM devices.modules' }, 'usage'],
    [{ ids: [], where: 'a) OR (b' }, 'invalid-query'],
    [{ ids: [], from: Array.from({ length: 1_000 }, (_, index) => `device-${index}`) }, 'invalid-value'],
  ])('of %j is refused', async (selector, code) => {
    await expect(findJobTarget(asking().hub, selector)).rejects.toMatchObject({ code });
  });

  it('holds for nobody', async () => {
    await expect(findJobTarget(asking(0).hub, { ids: ['pump-1'] })).rejects.toMatchObject({ code: 'no-match' });
  });
});

describe('a new id', () => {
  it('is one the hub takes, and sorts by time', () => {
    const earlier = newJobId(Date.UTC(2026, 0, 1), () => 0.999_999);
    const later = newJobId(Date.UTC(2026, 0, 1, 0, 0, 1), () => 0);
    expect(later).toBe('job-20260101-000001-0000');
    expect(earlier < later).toBe(true);
    expect([earlier, later].map(jobIdProblem)).toEqual([undefined, undefined]);
  });
});
