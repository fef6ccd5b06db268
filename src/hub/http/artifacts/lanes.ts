import { HubError } from '../../../protocol/hub-errors.ts';

/** Downloads at once; whoever comes then is asked to come again. */
const mostDownloads = 2_048;
const retryAfterSeconds = 5;
/** What all downloads together may hold of files, as long as that leaves each of them the smallest buffer. */
const poolBytes = 16 * 1024 * 1024;
const largestBuffer = 256 * 1024;
const smallestBuffer = 16 * 1024;

/** Shares memory between downloads: a few of them have large buffers and are fast, many have small ones. */
export interface DownloadLanes {
  /** Takes a lane until the returned one is left. HubError ServiceUnavailable, with the seconds after which to come again. */
  enter(): DownloadLane;
}

export interface DownloadLane {
  /** How large a buffer may be now; a power of two. */
  bufferBytes(): number;
  leave(): void;
}

export function createDownloadLanes(): DownloadLanes {
  let active = 0;
  return {
    enter() {
      if (active >= mostDownloads)
        throw new HubError('ServiceUnavailable', 'Too many downloads at once.', { retryAfterSeconds });
      active += 1;
      let isIn = true;
      return {
        bufferBytes() {
          let bytes = largestBuffer;
          while (bytes > smallestBuffer && bytes * active > poolBytes) bytes /= 2;
          return bytes;
        },
        leave() {
          if (isIn) active -= 1;
          isIn = false;
        },
      };
    },
  };
}
