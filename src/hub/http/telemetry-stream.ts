import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { Clock } from '../../std/clock.ts';
import type { LogBatch } from '../core/ports.ts';
import { createLineWriter, writeMark } from './telemetry-lines.ts';

/** Text is handed to the socket in pieces of about this size. */
const pieceLength = 128 * 1024;
/** A reader whose filter lets nothing through still learns how far it is. */
const quietMarkMs = 2_000;
/** While nothing happens, the mark is repeated, so that both ends notice a dead link. */
const heartbeatMs = 15_000;

export interface StreamParts {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Writes batches as lines until they end. Holds one batch at most: the next one is asked for when the socket has taken the last.
 * Rejects with the signal's reason when it aborts while the socket is full.
 */
export async function writeStream(
  batches: AsyncIterable<LogBatch>,
  output: Writable,
  { clock, signal }: StreamParts,
): Promise<void> {
  const line = createLineWriter();
  let lastMark = '';
  let lastMarkAt = Number.NEGATIVE_INFINITY;
  let wasLive = false;
  let cancelHeartbeat: (() => void) | undefined;

  async function put(text: string): Promise<void> {
    if (!output.write(text)) await once(output, 'drain', { signal });
  }

  function beat(): void {
    cancelHeartbeat = clock.after(heartbeatMs, () => {
      if (!output.writableNeedDrain && output.writable) output.write(lastMark);
      beat();
    });
  }

  /** Empty when there is nothing to tell. */
  function markOf(batch: LogBatch): string {
    const now = clock.monotonic();
    const news = batch.messages.length > 0 || batch.lost > 0 || batch.live !== wasLive;
    wasLive = batch.live;
    lastMark = writeMark({ ...batch, lost: 0 });
    if (!news && now - lastMarkAt < quietMarkMs) return '';
    lastMarkAt = now;
    return writeMark(batch);
  }

  try {
    for await (const batch of batches) {
      cancelHeartbeat?.();
      let piece = '';
      for (const message of batch.messages) {
        piece += line(message);
        if (piece.length < pieceLength) continue;
        await put(piece);
        piece = '';
      }
      // In one write with its mark: each costs the hub and the reader as much as some messages do.
      piece += markOf(batch);
      if (piece !== '') await put(piece);
      if (batch.live) beat();
    }
  } finally {
    cancelHeartbeat?.();
  }
}
