import type { Position } from './stream.ts';

/** More partitions than any hub has; keeps a hostile position from filling memory. */
const mostPartitions = 1024;

/** Writes a position as `0:12,1:7`, partitions in order; an empty one is an empty text. */
export function formatPosition(position: Position): string {
  return [...position]
    .toSorted(([left], [right]) => left - right)
    .map(([partition, next]) => `${partition}:${next}`)
    .join(',');
}

/** Reads what {@link formatPosition} wrote; undefined when it is not a position. */
export function parsePosition(text: string): Position | undefined {
  const position = new Map<number, number>();
  if (text === '') return position;
  const entries = text.split(',', mostPartitions + 1);
  if (entries.length > mostPartitions) return undefined;
  for (const entry of entries) {
    const match = /^(\d{1,4}):(\d{1,16})$/.exec(entry);
    const partition = Number(match?.[1]);
    const next = Number(match?.[2]);
    if (match === null || !Number.isSafeInteger(next) || position.has(partition)) return undefined;
    position.set(partition, next);
  }
  return position;
}
