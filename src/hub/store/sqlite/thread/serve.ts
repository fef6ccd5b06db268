import { parentPort } from 'node:worker_threads';
import { toThreadError } from './errors.ts';
import type { Reply, Request } from './messages.ts';

/** The loop of a thread that has a database: answers requests in order, those that came together in one message. */
export function serve(handle: (request: Request) => unknown): void {
  const port = parentPort;
  port?.on('message', (requests: readonly Request[]) => {
    const replies = requests.map((request): Reply => {
      try {
        return { id: request.id, value: handle(request) };
      } catch (error) {
        return { id: request.id, error: toThreadError(error) };
      }
    });
    port.postMessage(replies, []);
    if (requests.some((request) => request.kind === 'close')) port.close();
  });
}
