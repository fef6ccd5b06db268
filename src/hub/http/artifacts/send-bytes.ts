import type { Writable } from 'node:stream';
import type { Clock } from '../../../std/clock.ts';
import type { OpenArtifact } from '../../core/artifacts/service.ts';
import type { DownloadLane } from './lanes.ts';

/** A reader may take its time, but not stand still for longer. */
const idleMs = 30_000;

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
  const stopped = Promise.withResolvers<never>();
  stopped.promise.catch(() => undefined);
  const onAbort = (): void => stopped.reject(signal.reason as Error);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  let movedAt = clock.monotonic();
  let cancel = clock.after(idleMs, check, { unref: true });

  // One timer for the whole download: setting one for each buffer costs as much as the buffer.
  function check(): void {
    const left = movedAt + idleMs - clock.monotonic();
    if (left <= 0) stopped.reject(new Error(`the reader stood still for ${idleMs / 1_000} s`));
    else cancel = clock.after(left, check, { unref: true });
  }

  try {
    let buffer = Buffer.alloc(0);
    for (let position = start; position < end;) {
      const bytes = Math.min(lane.bufferBytes(), nextPowerOfTwo(end - position));
      // The reader has taken what was in the old one.
      if (buffer.length !== bytes) buffer = Buffer.allocUnsafeSlow(bytes);
      const wanted = buffer.subarray(0, Math.min(bytes, end - position));
      const read = await artifact.read(wanted, position);
      if (read === 0) throw new Error('an artifact became shorter while it was read');
      await Promise.race([write(output, wanted.subarray(0, read)), stopped.promise]);
      movedAt = clock.monotonic();
      position += read;
    }
  } finally {
    cancel();
    signal.removeEventListener('abort', onAbort);
  }
}

/** Resolves when the system has taken the bytes. */
async function write(output: Writable, bytes: Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    output.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

function nextPowerOfTwo(value: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, value)));
}
