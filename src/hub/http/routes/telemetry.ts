import type { FastifyInstance, FastifyReply } from 'fastify';
import { streamPath } from '../../../protocol/telemetry/index.ts';
import { rights } from '../access.ts';
import type { RouteContext } from '../app.ts';
import { callerSignal, parametersOf } from '../request.ts';
import { parseTelemetryRequest } from '../telemetry-request.ts';
import { writeStream } from '../telemetry-stream.ts';

const batchSize = 1_000;

/** The stored and the coming telemetry as one stream of lines; see src/protocol/telemetry/stream.ts. */
export function telemetryRoutes(app: FastifyInstance, context: RouteContext): void {
  const options = { config: { hub: { access: rights.telemetry, unversioned: true } } } as const;
  app.get(streamPath, options, async (request, reply) => {
    const wanted = parseTelemetryRequest(parametersOf(request));
    reply.hijack();
    await stream(reply, context, wanted);
  });
}

async function stream(
  reply: FastifyReply,
  { core, clock, log, stopping }: RouteContext,
  wanted: ReturnType<typeof parseTelemetryRequest>,
): Promise<void> {
  const signal = callerSignal(reply, stopping);
  const response = reply.raw;
  response.on('error', () => undefined);
  response.writeHead(200, {
    'content-type': 'application/x-ndjson',
    'cache-control': 'no-store',
    'x-ms-request-id': reply.request.id,
  });
  response.flushHeaders();
  try {
    await writeStream(core.telemetry.read({ ...wanted, batchSize, signal }), response, { clock, signal });
    response.end();
  } catch (error) {
    // The headers are gone, so a cut connection is the only way left to say that this is not the end.
    if (!signal.aborted) log.error({ err: error }, 'telemetry stream failed');
    response.destroy();
  }
}
