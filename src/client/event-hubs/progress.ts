import type { EventPosition, PartitionProperties } from '@azure/event-hubs';
import { Failure } from '../../errors/index.ts';
import { formatPosition, parsePosition } from '../../protocol/telemetry/index.ts';
import type { TelemetryRequest } from '../service-api.ts';

/** How far a reader is in each partition. Numbers are those of the next event. */
export interface Progress {
  /** Where the partitions are to be read from, as the package wants it. */
  readonly start: Readonly<Record<string, EventPosition>>;
  /** Events that retention removed before the reader came for them. */
  readonly lost: number;
  /** False when the event was taken before. */
  take(partition: number, sequenceNumber: number): boolean;
  /** Nothing came for a while. Said {@link quietsThatEnd} times of a partition whose place is not known yet, it counts as read to its end. */
  quiet(partition: number): void;
  /** The rest of a partition is not wanted. */
  finish(partition: number): void;
  /** Everything that was stored when reading began has been taken. */
  readonly caughtUp: boolean;
  /** Every partition has been finished. */
  readonly finished: boolean;
  /** Empty while the place in a partition is not known: reading by time begins without numbers. */
  readonly position: string;
}

interface Lane {
  /** Undefined until the first event by time. */
  next: number | undefined;
  /** The last event that was stored when reading began. */
  readonly last: number;
  done: boolean;
  /** How often it was quiet before its first event. */
  quiets: number;
}

/**
 * A partition that is read by time has something to give, as its newest event is young enough: a silence means a slow network or a busy
 * endpoint, until it lasts too long for that. Then retention, or a clock that was set back, has taken what was there.
 */
export const quietsThatEnd = 10;

/** Failure `invalid-value` for a position of another hub. */
export function createProgress(from: TelemetryRequest['from'], partitions: readonly PartitionProperties[]): Progress {
  const lanes = new Map<number, Lane>();
  const start: Record<string, EventPosition> = {};
  let lost = 0;
  const given = typeof from === 'object' && 'position' in from ? parsePosition(from.position) : undefined;
  if (typeof from === 'object' && 'position' in from && given === undefined)
    throw new Failure('invalid-value', 'the position is not one of this hub');
  for (const properties of partitions) {
    const partition = Number(properties.partitionId);
    const last = properties.isEmpty
      ? Math.max(properties.lastEnqueuedSequenceNumber, -1)
      : properties.lastEnqueuedSequenceNumber;
    const oldest = properties.isEmpty ? last + 1 : Math.max(properties.beginningSequenceNumber, 0);
    let next: number | undefined;
    if (from === 'latest' || isOlder(properties, from)) next = last + 1;
    else if (from === 'earliest') next = oldest;
    else if (given !== undefined) {
      const wanted = given.get(partition) ?? 0;
      // A position beyond the end is one of an endpoint that was made anew: everything in this one is new to the reader.
      next = wanted > last + 1 ? oldest : Math.max(wanted, oldest);
      if (wanted <= last + 1) lost += next - wanted;
    }
    lanes.set(partition, { next, last, done: false, quiets: 0 });
    start[properties.partitionId] = next === undefined ? timePosition(from) : { sequenceNumber: next - 1 };
    if (next === 0) start[properties.partitionId] = { offset: '-1' };
  }
  const each = (check: (lane: Lane) => boolean): boolean => [...lanes.values()].every(check);
  return {
    start,
    lost,
    take(partition, sequenceNumber) {
      const lane = lanes.get(partition);
      if (lane === undefined || lane.done || sequenceNumber < (lane.next ?? 0)) return false;
      lane.next = sequenceNumber + 1;
      return true;
    },
    quiet(partition) {
      const lane = lanes.get(partition);
      if (lane === undefined || lane.next !== undefined) return;
      lane.quiets += 1;
      if (lane.quiets >= quietsThatEnd) lane.next = lane.last + 1;
    },
    finish(partition) {
      const lane = lanes.get(partition);
      if (lane !== undefined) lane.done = true;
    },
    get caughtUp() {
      return each(({ next, last, done }) => done || (next !== undefined && next > last));
    },
    get finished() {
      return each(({ done }) => done);
    },
    get position() {
      const known = [...lanes].flatMap(([partition, { next }]) =>
        next === undefined ? [] : [[partition, next] as const],
      );
      return known.length === lanes.size ? formatPosition(new Map(known)) : '';
    },
  };
}

/** Nothing in the partition is as young as the time that was asked for: what comes next is. */
function isOlder({ isEmpty, lastEnqueuedOnUtc }: PartitionProperties, from: TelemetryRequest['from']): boolean {
  return typeof from === 'object' && 'time' in from && (isEmpty || lastEnqueuedOnUtc.getTime() < from.time);
}

/** The endpoint gives what came after a time; what came at it is wanted too. */
function timePosition(from: TelemetryRequest['from']): EventPosition {
  return { enqueuedOn: typeof from === 'object' && 'time' in from ? from.time - 1 : 0 };
}
