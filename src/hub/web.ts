import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../std/clock.ts';
import { isBlobRequest, type BlobFront } from './blob/index.ts';
import type { HttpFront } from './http/index.ts';

/** A small body must be there in this time; a blob's may take longer, as long as it moves. */
const bodyMs = 30_000;

/** The REST side and the blob endpoint behind the same listeners: the path says whose a request is. */
export function joinBlobs(http: HttpFront, blobs: BlobFront, clock: Clock): HttpFront {
  return {
    app: http.app,
    handle(request, response) {
      if (isBlobRequest(request.url)) {
        blobs(request, response);
        return;
      }
      limitBody(request, response, clock);
      http.handle(request, response);
    },
    close: () => http.close(),
  };
}

function limitBody(request: IncomingMessage, response: ServerResponse, clock: Clock): void {
  const { headers } = request;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  if (!hasBody) return;
  const cancel = clock.after(bodyMs, () => (request.complete ? undefined : request.destroy()), { unref: true });
  response.once('close', cancel);
}
