import { HubError } from '../../../protocol/hub-errors.ts';

/** Downloads at once; whoever comes then is asked to come again. */
const mostDownloads = 2_048;
const retryAfterSeconds = 5;
/** With few downloads each has a large buffer and is fast; with many their memory counts. A small one fits one record of TLS. */
const largeBuffer = 64 * 1024;
const smallBuffer = 15 * 1024;
const fewDownloads = 32;
/** So many buffers of each size are kept for the next ones. */
const mostKept = 64;

/** Shares memory between downloads. */
export interface DownloadLanes {
  /** Takes a lane until it is left. HubError ServiceUnavailable, with the seconds after which to come again. */
  enter(): DownloadLane;
}

export interface DownloadLane {
  /** The buffer to use now, of this lane alone; another than before when many came or went. */
  buffer(): Uint8Array;
  leave(): void;
}

export function createDownloadLanes(): DownloadLanes {
  let active = 0;
  const kept = new Map<number, Uint8Array[]>([largeBuffer, smallBuffer].map((bytes) => [bytes, []]));

  function take(bytes: number): Uint8Array {
    return kept.get(bytes)?.pop() ?? Buffer.allocUnsafeSlow(bytes);
  }
  /** What was dropped instead would wait for the collector, which does not see how large it is. */
  function give(buffer: Uint8Array): void {
    const others = kept.get(buffer.length);
    if (others !== undefined && others.length < mostKept) others.push(buffer);
  }

  return {
    enter() {
      if (active >= mostDownloads)
        throw new HubError('ServiceUnavailable', 'Too many downloads at once.', { retryAfterSeconds });
      active += 1;
      let held: Uint8Array | undefined;
      let isIn = true;
      return {
        buffer() {
          const bytes = active > fewDownloads ? smallBuffer : largeBuffer;
          // A small one is kept to the end: few are left then, and each of them has not much to go.
          if (held !== undefined && held.length <= bytes) return held;
          if (held !== undefined) give(held);
          held = take(bytes);
          return held;
        },
        leave() {
          if (!isIn) return;
          isIn = false;
          active -= 1;
          if (held !== undefined) give(held);
        },
      };
    },
  };
}
