import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  artifactPageSize,
  artifactsPath,
  storedAtHeader,
  type ArtifactAnswer,
  type ArtifactGrant,
  type ArtifactPage,
} from '../../../protocol/artifacts.ts';
import { HubError } from '../../../protocol/hub-errors.ts';
import { isoMillis } from '../../../protocol/time.ts';
import type { OpenArtifact } from '../../core/artifacts/service.ts';
import { fieldsOf } from '../../core/untrusted.ts';
import { defaultLimits } from '../../limits/index.ts';
import { discardBody } from '../../request-body.ts';
import { rights } from '../access.ts';
import type { RouteContext } from '../app.ts';
import { admitReader } from '../artifacts/admit-reader.ts';
import { fileReply } from '../artifacts/conditions.ts';
import { createDownloadLanes, type DownloadLane } from '../artifacts/lanes.ts';
import { sendBytes } from '../artifacts/send-bytes.ts';
import { callerSignal, integerWithin, jsonOf, parametersOf } from '../request.ts';

const one = `${artifactsPath}/:sha256`;
const longestLifeMs = 366 * 86_400_000;

/** Firmware files, an extension of ours; bodies are streams in both directions. */
export function artifactRoutes(app: FastifyInstance, context: RouteContext): void {
  const { core, clock, publicOrigin } = context;
  const options = { config: { hub: { access: rights.artifacts, unversioned: true } } } as const;

  app.get(artifactsPath, options, async (request): Promise<ArtifactPage> => {
    const parameters = parametersOf(request);
    const { artifacts, next } = await core.artifacts.list({
      after: parameters.get('after') ?? undefined,
      limit: integerWithin(parameters.get('limit') ?? undefined, {
        name: 'limit',
        minimum: 1,
        maximum: artifactPageSize,
        fallback: artifactPageSize,
      }),
    });
    return { artifacts, next: next ?? null };
  });
  app.post(`${one}/sign`, { ...options, bodyLimit: 4_096 }, async (request): Promise<ArtifactGrant> => {
    const sha256 = nameOf(request);
    const expiresAt = expiryOf(jsonOf(request), clock.now());
    const query = await core.artifacts.sign(sha256, expiresAt);
    return {
      url: `${publicOrigin(request.raw)}${artifactsPath}/${sha256}${query}`,
      expiresAt: isoMillis(Math.floor(expiresAt / 1_000) * 1_000),
    };
  });
  downloadRoutes(app, context);
  void app.register(async (uploads) => {
    uploads.removeAllContentTypeParsers();
    // The body stays a stream.
    uploads.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    uploads.put(one, options, async (request, reply): Promise<ArtifactAnswer> => {
      void reply.code(201);
      try {
        return await core.artifacts.put(nameOf(request), {
          // A refusal in the midst of a body must not cut the connection that the answer takes.
          bytes: request.raw.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>,
          length: lengthOf(request),
        });
      } catch (error) {
        if (isGone(request)) throw new HubError('ArgumentInvalid', 'The content ended before its length.');
        discardBody(request.raw);
        throw error;
      }
    });
  });
}

function downloadRoutes(app: FastifyInstance, context: RouteContext): void {
  const { core, log, clock, limits = defaultLimits.http } = context;
  const lanes = createDownloadLanes(limits, clock);
  const options = { config: { hub: { access: 'route', unversioned: true } } } as const;

  const head = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    await admitReader(core, request, nameOf(request));
    context.known?.(request.raw.socket);
    const { sha256, size, storedAt } = await core.artifacts.find(nameOf(request));
    const { status } = replyOf(request, sha256, size);
    return reply
      .code(status)
      .headers(headersOf(sha256))
      .header('content-length', size)
      .header(storedAtHeader, storedAt)
      .send();
  };
  app.head(one, options, head);
  app.get(one, options, async (request, reply) => {
    const isSecure = 'encrypted' in request.raw.socket;
    // An idle connection with TLS takes as much memory as a busy one, and a device comes once.
    if (isSecure) void reply.header('connection', 'close');
    const lane = lanes.enter(isSecure);
    try {
      await admitReader(core, request, nameOf(request));
      context.known?.(request.raw.socket);
      const artifact = await core.artifacts.open(nameOf(request));
      try {
        await answer(request, reply, artifact, lane);
      } finally {
        await artifact.close();
      }
    } finally {
      lane.leave();
    }
    return reply;
  });

  async function answer(
    request: FastifyRequest,
    reply: FastifyReply,
    artifact: OpenArtifact,
    lane: DownloadLane,
  ): Promise<void> {
    const { sha256, size } = artifact;
    const wanted = replyOf(request, sha256, size);
    const headers = headersOf(sha256);
    if (wanted.status === 304) {
      await reply.code(304).headers(headers).send();
      return;
    }
    if (wanted.status === 416) {
      await reply.code(416).headers(headers).header('content-range', `bytes */${size}`).send();
      return;
    }
    const { start, end } = wanted.status === 206 ? wanted : { start: 0, end: size };
    reply.hijack();
    const signal = callerSignal(reply, context.stopping);
    const response = reply.raw;
    response.on('error', () => undefined);
    response.writeHead(wanted.status, {
      ...headers,
      'x-ms-request-id': request.id,
      ...('encrypted' in request.raw.socket && { connection: 'close' }),
      'content-length': end - start,
      ...(wanted.status === 206 && { 'content-range': `bytes ${start}-${end - 1}/${size}` }),
    });
    try {
      await sendBytes(artifact, { start, end }, response, { clock: context.clock, lane, signal });
      response.end();
    } catch (error) {
      // The headers are gone, so a cut connection is the only way left to say that this is not the end.
      log.debug({ sha256, err: error }, 'download broke off');
      response.destroy();
    }
  }
}

/** HubError PreconditionFailed. */
function replyOf(request: FastifyRequest, sha256: string, size: number) {
  const wanted = fileReply(request.method, request.headers, { etag: `"${sha256}"`, size });
  if (wanted.status === 412) throw new HubError('PreconditionFailed', 'The artifact is not the one that is asked for.');
  return wanted;
}

function headersOf(sha256: string): Record<string, string> {
  return {
    etag: `"${sha256}"`,
    'accept-ranges': 'bytes',
    'content-type': 'application/octet-stream',
    // Its bytes are signed for: nobody on the way may pack or change them.
    'cache-control': 'private, no-transform',
    'x-content-type-options': 'nosniff',
  };
}

function nameOf(request: FastifyRequest): string {
  return (request.params as { sha256: string }).sha256;
}

/** The caller went away while it was sending. */
function isGone({ raw }: FastifyRequest): boolean {
  return raw.destroyed && !raw.complete;
}

function lengthOf({ headers }: FastifyRequest): number {
  const length = headers['content-length'];
  if (length === undefined) throw new HubError('ArgumentNull', 'The request needs a Content-Length.');
  return Number(length);
}

function expiryOf(body: unknown, now: number): number {
  const expiresAt = fieldsOf(body, 'The request').get('expiresAt');
  if (typeof expiresAt !== 'number' || !(expiresAt > now && expiresAt <= now + longestLifeMs))
    throw new HubError('ArgumentInvalid', 'expiresAt must be a time of the next 366 days, in Unix milliseconds.');
  return expiresAt;
}
