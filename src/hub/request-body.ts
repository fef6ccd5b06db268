import type { IncomingMessage } from 'node:http';
import type { Clock } from '../std/clock.ts';
import { defaultLimits, type HubLimits } from './limits/index.ts';

/** How fast a body has to come at the least. */
export type BodyPace = Pick<HubLimits['http'], 'bodyWindowMs' | 'bodyBytesPerSecond'>;

/** So much of a refused body is read and dropped, so that its sender gets to read the answer; a longer one is cut off. */
const mostDiscarded = 16 * 1024 * 1024;

/** Cuts a connection whose request body stands still, or nearly so; the returned function ends the watch. */
export function watchBody(
  request: IncomingMessage,
  clock: Clock,
  { bodyWindowMs, bodyBytesPerSecond }: BodyPace = defaultLimits.http,
): () => void {
  const enough = (bodyBytesPerSecond * bodyWindowMs) / 1_000;
  let received = request.socket.bytesRead;
  let cancel = clock.after(bodyWindowMs, check, { unref: true });
  function check(): void {
    if (request.complete) return;
    const { bytesRead } = request.socket;
    // A body that the disk holds up is not the sender's fault, and does not end while bytes wait to be read.
    if (bytesRead - received < enough && request.readableLength === 0) {
      request.destroy();
      return;
    }
    received = bytesRead;
    cancel = clock.after(bodyWindowMs, check, { unref: true });
  }
  return () => cancel();
}

/** Reads what is left of a body that nobody wants. */
export function discardBody(request: IncomingMessage): void {
  if (request.complete) return;
  let discarded = 0;
  request.on('data', (chunk: Buffer) => {
    discarded += chunk.length;
    if (discarded > mostDiscarded) request.destroy();
  });
  request.resume();
}
