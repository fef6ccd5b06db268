import { formatPosition, parsePosition, type StreamMark, type StreamMessage } from '../../protocol/telemetry/index.ts';
import type { TelemetryRequest } from '../service-api.ts';

/** Where a reader of the stream stands, kept over cuts of the link. */
export interface Cursor {
  /** False for a message that was taken before: the reader has it already. */
  take(message: StreamMessage): boolean;
  mark(mark: StreamMark): void;
  /** What to ask the hub to go on from. */
  readonly from: string;
  /** Position after everything taken, '' before the first one is known. */
  readonly position: string;
}

export function createCursor(from: TelemetryRequest['from']): Cursor {
  const next = new Map<number, number>();
  // Until the hub has told a whole position, the sequence numbers seen so far do not cover the silent partitions.
  let whole = false;
  const advance = (position: ReadonlyMap<number, number>): void => {
    for (const [partition, sequence] of position) {
      if (sequence > (next.get(partition) ?? -1)) next.set(partition, sequence);
    }
    whole = true;
  };
  const given = typeof from === 'object' && 'position' in from ? parsePosition(from.position) : undefined;
  if (given !== undefined && given.size > 0) advance(given);
  return {
    take({ p, n }) {
      if (n < (next.get(p) ?? 0)) return false;
      next.set(p, n + 1);
      return true;
    },
    mark({ position }) {
      const parsed = parsePosition(position);
      if (parsed !== undefined && parsed.size > 0) advance(parsed);
    },
    get from() {
      return whole ? formatPosition(next) : firstAsk(from);
    },
    get position() {
      return whole ? formatPosition(next) : '';
    },
  };
}

function firstAsk(from: TelemetryRequest['from']): string {
  if (typeof from === 'string') return from;
  return 'time' in from ? new Date(from.time).toISOString() : from.position;
}
