import { HubError } from '../../../protocol/hub-errors.ts';
import type { Clock } from '../../../std/clock.ts';
import type { HubLimits } from '../../limits/index.ts';

/** Whoever finds no lane comes again in so long at the earliest, and at the latest. */
const soonestMs = 5_000;
const latestMs = 300_000;
/**
 * Appointments lie so far apart. To be told to come again costs a handshake, some milliseconds of a processor: a hub that is busy must not
 * spend on these what it has for those that are in.
 */
const betweenMs = 100;
/** With few downloads each has a large buffer and is fast; with many their memory counts. A small one fits one record of TLS. */
const largeBuffer = 64 * 1024;
const smallBuffer = 15 * 1024;
const fewDownloads = 32;
/** So many buffers of each size are kept for the next ones. */
const mostKept = 64;

/** Shares memory between downloads. */
export interface DownloadLanes {
  /** Takes a lane until it is left. HubError ServiceUnavailable, with the seconds after which to come again. */
  enter(isSecure: boolean): DownloadLane;
}

export interface DownloadLane {
  /** The buffer to use now, of this lane alone; another than before when many came or went. */
  buffer(): Uint8Array;
  leave(): void;
}

export function createDownloadLanes(
  limits: Pick<HubLimits['http'], 'downloads' | 'downloadsOverTls'>,
  clock: Pick<Clock, 'monotonic'>,
): DownloadLanes {
  let active = 0;
  let secure = 0;
  let nextAppointment = 0;
  const kept = new Map<number, Uint8Array[]>([largeBuffer, smallBuffer].map((bytes) => [bytes, []]));

  function take(bytes: number): Uint8Array {
    return kept.get(bytes)?.pop() ?? Buffer.allocUnsafeSlow(bytes);
  }
  /** What was dropped instead would wait for the collector, which does not see how large it is. */
  function give(buffer: Uint8Array): void {
    const others = kept.get(buffer.length);
    if (others !== undefined && others.length < mostKept) others.push(buffer);
  }

  /** Those who come at once are not sent away to come at once again. */
  function appoint(): number {
    const now = clock.monotonic();
    const at = Math.min(Math.max(nextAppointment, now + soonestMs), now + latestMs);
    nextAppointment = at + betweenMs;
    return Math.ceil((at - now) / 1_000);
  }

  return {
    enter(isSecure) {
      if (active >= limits.downloads || (isSecure && secure >= limits.downloadsOverTls))
        throw new HubError('ServiceUnavailable', 'Too many downloads at once.', { retryAfterSeconds: appoint() });
      active += 1;
      if (isSecure) secure += 1;
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
          if (isSecure) secure -= 1;
          if (held !== undefined) give(held);
        },
      };
    },
  };
}
