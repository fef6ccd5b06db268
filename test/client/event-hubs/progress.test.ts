import type { PartitionProperties } from '@azure/event-hubs';
import { describe, expect, it } from 'vitest';
import { createProgress, quietsThatEnd } from '../../../src/client/event-hubs/progress.ts';

function partition(id: number, first: number, last: number, isEmpty = first > last): PartitionProperties {
  return {
    partitionId: String(id),
    eventHubName: 'hub',
    beginningSequenceNumber: first,
    lastEnqueuedSequenceNumber: last,
    lastEnqueuedOffset: String(last),
    lastEnqueuedOnUtc: new Date(isEmpty ? 0 : 2_000),
    isEmpty,
  };
}

const young = { ...partition(2, 0, 5), lastEnqueuedOnUtc: new Date(1_000) };
const empty = partition(0, -1, -1, true);
const full = partition(1, 3, 9);
/** Retention took everything. */
const emptied = partition(2, 10, 9, true);

describe('how far a reader is', () => {
  it('when it begins at the earliest, then with the oldest of each partition', () => {
    const progress = createProgress('earliest', [empty, full, emptied]);
    expect(progress.position).toBe('0:0,1:3,2:10');
    expect(progress.start).toEqual({ 0: { offset: '-1' }, 1: { sequenceNumber: 2 }, 2: { sequenceNumber: 9 } });
    expect([progress.caughtUp, progress.lost]).toEqual([false, 0]);
  });

  it('when it begins at the latest, then behind the newest, and has caught up', () => {
    const progress = createProgress('latest', [empty, full]);
    expect(progress.position).toBe('0:0,1:10');
    expect(progress.caughtUp).toBe(true);
  });

  it('when it goes on at a position, then there; what retention took is counted', () => {
    const progress = createProgress({ position: '0:0,1:1,2:4' }, [empty, full, emptied]);
    expect(progress.position).toBe('0:0,1:3,2:10');
    expect(progress.lost).toBe(2 + 6);
  });

  it('when the position lies beyond the end, because the endpoint was made anew, then it begins at the earliest', () => {
    const progress = createProgress({ position: '1:400' }, [full]);
    expect([progress.position, progress.lost]).toEqual(['1:3', 0]);
  });

  it('when the position is none, then it is refused', () => {
    expect(() => createProgress({ position: 'x' }, [full])).toThrow('not one of this hub');
  });

  it('when events come twice, then they are taken once', () => {
    const progress = createProgress('earliest', [full]);
    expect([3, 4, 4, 3, 5].map((number) => progress.take(1, number))).toEqual([true, true, false, false, true]);
    expect(progress.position).toBe('1:6');
  });

  it('when it begins at a time, then its position is known when each partition gave an event or stayed quiet', () => {
    const progress = createProgress({ time: 1_000 }, [full, young]);
    expect(progress.start[1]).toEqual({ enqueuedOn: 999 });
    expect(progress.position).toBe('');
    progress.take(1, 7);
    expect(progress.position).toBe('');
    for (let time = 1; time < quietsThatEnd; time++) progress.quiet(2);
    expect(progress.position, 'a slow endpoint is no empty one').toBe('');
    progress.quiet(2);
    expect([progress.position, progress.caughtUp]).toEqual(['1:8,2:6', false]);
    progress.take(1, 8);
    progress.take(1, 9);
    expect(progress.caughtUp).toBe(true);
  });

  it('when a partition has nothing as young as the time, then its place is known at once', () => {
    const old = { ...full, lastEnqueuedOnUtc: new Date(999) };
    const progress = createProgress({ time: 1_000 }, [empty, old, emptied]);
    expect([progress.position, progress.caughtUp]).toEqual(['0:0,1:10,2:10', true]);
    expect(progress.start[1]).toEqual({ sequenceNumber: 9 });
  });

  it('when the rest of a partition is not wanted, then no event of it is, and all of them end the reading', () => {
    const progress = createProgress('earliest', [full, partition(3, 0, 4)]);
    progress.finish(1);
    expect([progress.take(1, 3), progress.finished]).toEqual([false, false]);
    progress.finish(3);
    expect([progress.finished, progress.caughtUp]).toEqual([true, true]);
  });
});
