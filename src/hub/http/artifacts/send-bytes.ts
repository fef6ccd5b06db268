import type { Writable } from 'node:stream';
import type { Clock } from '../../../std/clock.ts';
import type { OpenArtifact } from '../../core/artifacts/service.ts';
import type { DownloadLane } from './lanes.ts';

/**
 * A reader may take its time, but not stand still for longer. The system takes bytes in lumps of up to a third of its send buffer, which is
 * some megabytes for a connection that was fast: of a slow reader nothing is seen between two lumps.
 */
const idleMs = 120_000;

export interface SendParts {
  readonly clock: Clock;
  readonly lane: DownloadLane;
  /** Ends the sending; the promise rejects with its reason. */
  readonly signal: AbortSignal;
}

/**
 * Writes bytes of an artifact through one buffer: the next are read when the socket has taken the last. Rejects when the reader stands
 * still, when the signal aborts, and when the file has not the bytes; the caller cuts the connection then.
 */
export async function sendBytes(
  artifact: Pick<OpenArtifact, 'read'>,
  { start, end }: { readonly start: number; readonly end: number },
  output: Writable,
  { clock, lane, signal }: SendParts,
): Promise<void> {
  // Whoever waits is told through here. A race with one promise for the whole download would hang a reaction on it for every buffer.
  let refuse: ((reason: unknown) => void) | undefined;
  let refused: { readonly reason: unknown } | undefined;
  const stop = (reason: unknown): void => {
    refused ??= { reason };
    refuse?.(reason);
  };
  const onAbort = (): void => stop(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  let movedAt = clock.monotonic();
  let cancel = clock.after(idleMs, check, { unref: true });

  // One timer for the whole download: setting one for each buffer costs as much as the buffer.
  function check(): void {
    const left = movedAt + idleMs - clock.monotonic();
    if (left <= 0) stop(new Error(`the reader stood still for ${idleMs / 1_000} s`));
    else cancel = clock.after(left, check, { unref: true });
  }

  /** Resolves when the system has taken the bytes. */
  function write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      refuse = reject;
      output.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  try {
    for (let position = start; position < end;) {
      const buffer = lane.buffer();
      const wanted = end - position < buffer.length ? buffer.subarray(0, end - position) : buffer;
      const read = await artifact.read(wanted, position);
      if (read === 0) throw new Error('an artifact became shorter while it was read');
      if (refused !== undefined) throw refused.reason;
      await write(read < wanted.length ? wanted.subarray(0, read) : wanted);
      movedAt = clock.monotonic();
      position += read;
    }
  } finally {
    cancel();
    signal.removeEventListener('abort', onAbort);
  }
}
