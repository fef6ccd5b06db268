import type { Server, ServerResponse } from 'node:http';

interface Watched {
  /** A number that changes with each byte that the system takes, as it was when it was last looked at. */
  taken: number;
  /** How often it was looked at since, without a change. */
  looks: number;
}

/** The time is cut in so many pieces; a peer is found out a piece late at the most. */
const looksPerStall = 4;

/**
 * Cuts answers whose peer takes nothing of them for so long while something waits for it. That the peer sends something is no sign that it
 * reads, so a timeout of the socket would not do. Answers a function that begins the watch of an answer.
 */
export function cutStalled(server: Server, stallMs: number): (response: ServerResponse) => void {
  const open = new Map<ServerResponse, Watched>();
  const timer = setInterval(() => {
    for (const [response, watched] of open) if (isStalled(response, watched)) response.socket?.destroy();
  }, stallMs / looksPerStall);
  timer.unref();
  server.once('close', () => clearInterval(timer));
  return (response) => {
    open.set(response, { taken: -1, looks: 0 });
    response.once('close', () => open.delete(response));
  };
}

function isStalled({ socket }: ServerResponse, watched: Watched): boolean {
  if (socket === null) return false;
  const taken = socket.bytesWritten - socket.writableLength - unsentOf(socket);
  const waits = socket.writableLength > 0 && taken === watched.taken;
  watched.taken = taken;
  watched.looks = waits ? watched.looks + 1 : 0;
  return watched.looks >= looksPerStall;
}

/**
 * What is left of the piece that is being written, which may be megabytes. Nothing public tells it; Node looks here as well before it
 * reports a timeout of a socket. Without it a piece counts when all of it is gone.
 */
function unsentOf(socket: object): number {
  const handle: unknown = Reflect.get(socket, '_handle');
  const isHandle = typeof handle === 'object' && handle !== null && 'writeQueueSize' in handle;
  return isHandle && typeof handle.writeQueueSize === 'number' ? handle.writeQueueSize : 0;
}
