import type { Duplex } from 'node:stream';

/** What was on its way when the hub said good-bye, and not more: a peer that goes on sending is not waiting for the last words. */
const mostUnread = 64 * 1_024;

/**
 * Ends a stream and reads on for a while, because unread input would turn the close into a reset, which can overtake the last bytes. A
 * peer that sends much more is cut; how long a silent one has is up to the caller.
 */
export function endAndLinger(stream: Duplex): void {
  let unread = 0;
  stream.on('data', (chunk: Buffer) => {
    unread += chunk.length;
    if (unread > mostUnread) stream.destroy();
  });
  stream.end();
  stream.resume();
}
