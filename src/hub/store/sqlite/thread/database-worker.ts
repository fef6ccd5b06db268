/** The thread that owns the registry's file: node:sqlite is synchronous, and a commit waits for the disk. */
import { parentPort } from 'node:worker_threads';
import { createRequestHandler } from './database.ts';
import { toThreadError } from './errors.ts';
import type { Reply, Request } from './messages.ts';

const port = parentPort;
const handle = createRequestHandler();

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
