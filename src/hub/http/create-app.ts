import { randomUUID } from 'node:crypto';
import { defaultLimits } from '../limits/index.ts';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Writes an error as the answer. */
export type SendError = (error: unknown, request: FastifyRequest, reply: FastifyReply) => FastifyReply;

/** An app without routes: tolerant of case and slashes, bodies as bytes, errors in the hub's form. Larger bodies are refused while they arrive. */
export async function createApp(
  sendError: SendError,
  bodyLimit: number = defaultLimits.http.bodyBytes,
): Promise<FastifyInstance> {
  const { fastify } = await import('fastify');
  const app = fastify({
    bodyLimit,
    exposeHeadRoutes: false,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    routerOptions: {
      caseSensitive: false,
      ignoreTrailingSlash: true,
      ignoreDuplicateSlashes: true,
      maxParamLength: 512,
    },
    // No route has a schema, so the compilers that would be loaded for them (a hundred modules) are left out.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    frameworkErrors: (error, request, reply) =>
      void sendError(error, request as FastifyRequest, reply as unknown as FastifyReply),
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setNotFoundHandler((request, reply) =>
    sendError(Object.assign(new Error(), { statusCode: 404 }), request, reply),
  );
  app.setErrorHandler(sendError);
  return app;
}

function noSchemas(): never {
  throw new Error('routes of the hub have no schemas');
}
