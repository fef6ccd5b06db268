import type { FastifyInstance } from 'fastify';
import { healthPath, metricsPath, readyPath } from '../../../protocol/operations.ts';
import { rights } from '../access.ts';
import type { RouteContext } from '../app.ts';

/** How the hub is, for machines that watch it: health to anybody, figures to those with the right to read telemetry. */
export function operationsRoutes(app: FastifyInstance, { operations }: RouteContext): void {
  if (operations === undefined) return;
  const access = {
    [healthPath]: 'route',
    [readyPath]: 'route',
    [metricsPath]: rights.telemetry,
  } as const;
  for (const [path, needed] of Object.entries(access)) {
    app.get(path, { config: { hub: { access: needed, unversioned: true } } }, async (_request, reply) => {
      const answer = await operations.answer(path);
      return reply
        .code(answer?.status ?? 404)
        .type(answer?.contentType ?? 'text/plain')
        .send(answer?.body);
    });
  }
}
