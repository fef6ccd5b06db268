import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../std/clock.ts';
import { artifactsPath } from '../protocol/artifacts.ts';
import { createBlobFront, isBlobRequest } from './blob/index.ts';
import type { BlobService } from './core/blobs/service.ts';
import type { HttpFront } from './http/index.ts';
import { watchBody } from './request-body.ts';
import type { HubLog } from './log.ts';

/** A small body must be there in this time; that of a file may take longer, as long as it moves. */
const bodyMs = 30_000;

/** The REST side and the blob endpoint behind the same listeners: the path says whose a request is. */
export function joinBlobs(
  http: HttpFront,
  blobs: BlobService | undefined,
  { clock, log }: { readonly clock: Clock; readonly log: HubLog },
): HttpFront {
  const handleBlob = blobs === undefined ? undefined : createBlobFront({ blobs, clock, log });
  return {
    app: http.app,
    handle(request, response) {
      if (handleBlob !== undefined && isBlobRequest(request.url)) {
        handleBlob(request, response);
        return;
      }
      if (isArtifact(request)) response.once('close', watchBody(request, clock));
      else limitBody(request, response, clock);
      http.handle(request, response);
    },
    close: () => http.close(),
  };
}

/** Whose body is a file. */
function isArtifact({ method, url }: IncomingMessage): boolean {
  return method === 'PUT' && url?.toLowerCase().startsWith(`${artifactsPath}/`) === true;
}

function limitBody(request: IncomingMessage, response: ServerResponse, clock: Clock): void {
  const { headers } = request;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  if (!hasBody) return;
  const cancel = clock.after(bodyMs, () => (request.complete ? undefined : request.destroy()), { unref: true });
  response.once('close', cancel);
}
