import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../std/clock.ts';
import { artifactsPath } from '../protocol/artifacts.ts';
import { createBlobFront, isBlobRequest } from './blob/index.ts';
import type { BlobService } from './core/blobs/service.ts';
import type { HttpFront } from './http/index.ts';
import { defaultLimits, type HubLimits } from './limits/index.ts';
import { watchBody, type BodyPace } from './request-body.ts';
import type { HubLog } from './log.ts';

export interface WebParts {
  readonly clock: Clock;
  readonly log: HubLog;
  /** The defaults when absent. */
  readonly limits?: (BodyPace & Pick<HubLimits['http'], 'bodyMs'>) | undefined;
  /** Told of each connection whose peer has shown who it is. */
  readonly known?: ((stream: object) => void) | undefined;
}

/** The REST side and the blob endpoint behind the same listeners: the path says whose a request is. */
export function joinBlobs(
  http: HttpFront,
  blobs: BlobService | undefined,
  { clock, log, limits = defaultLimits.http, known }: WebParts,
): HttpFront {
  const handleBlob = blobs === undefined ? undefined : createBlobFront({ blobs, clock, log, pace: limits, known });
  return {
    app: http.app,
    handle(request, response) {
      if (handleBlob !== undefined && isBlobRequest(request.url)) {
        handleBlob(request, response);
        return;
      }
      if (isArtifact(request)) response.once('close', watchBody(request, clock, limits));
      else limitBody(request, response, { clock, limits });
      http.handle(request, response);
    },
    close: () => http.close(),
  };
}

/** Whose body is a file. */
function isArtifact({ method, url }: IncomingMessage): boolean {
  return method === 'PUT' && url?.toLowerCase().startsWith(`${artifactsPath}/`) === true;
}

/** A small body must be there in a certain time; that of a file may take longer, as long as it moves. */
function limitBody(
  request: IncomingMessage,
  response: ServerResponse,
  { clock, limits }: { readonly clock: Clock; readonly limits: NonNullable<WebParts['limits']> },
): void {
  const { headers } = request;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  if (!hasBody) return;
  const endWatch = watchBody(request, clock, limits);
  const late = (): void => void (request.complete ? undefined : request.destroy());
  const cancel = clock.after(limits.bodyMs, late, { unref: true });
  response.once('close', () => {
    endWatch();
    cancel();
  });
}
