import { describe, expect, test } from 'vitest';
import { readFilters } from '../../../../src/hub/store/sqlite/stored-filters.ts';

describe('filters of a stored session', () => {
  test('when they were stored before the quality of service was kept, then it is the one nothing can be lost with', () => {
    expect(readFilters(['a/#', 'b'])).toEqual([
      { filter: 'a/#', qos: 1 },
      { filter: 'b', qos: 1 },
    ]);
  });

  test('when they hold what is no filter, then that is left out', () => {
    expect(readFilters([{ filter: 'a', qos: 0 }, 7, null, { qos: 1 }, { filter: 'b', qos: 9 }])).toEqual([
      { filter: 'a', qos: 0 },
      { filter: 'b', qos: 1 },
    ]);
    expect(readFilters('a')).toBeUndefined();
  });
});
