import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { partitionOf } from '../../../../src/hub/store/log/partition.ts';

it('when a device id is hashed, then the partition is the one of every earlier version', () => {
  expect(['a', 'device-1', 'device-2', 'pump-0001', 'Truck%20'].map((id) => partitionOf(id, 32))).toEqual(pinned);
});
// Part of the stored format: these numbers never change.
const pinned = [19, 30, 3, 20, 7];

it('when ids differ in their last digits, then they spread evenly', () => {
  const counts = [0, 0, 0, 0];
  for (let index = 0; index < 10_000; index++) counts[partitionOf(`pump-${index}`, 4)]!++;
  for (const count of counts) expect(count).toBeGreaterThan(2_200);
});

it('when any text is hashed, then the partition exists', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 32 }), (id, partitions) => {
      const partition = partitionOf(id, partitions);
      expect(Number.isInteger(partition) && partition >= 0 && partition < partitions).toBe(true);
    }),
  );
});
