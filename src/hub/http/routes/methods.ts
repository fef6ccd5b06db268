import type { FastifyInstance } from 'fastify';
import { rights } from '../access.ts';
import type { RouteContext } from '../app.ts';
import { callerSignal, idOf, jsonOf } from '../request.ts';

/** A payload of 128 KB and its frame. */
const methodBodyLimit = 192 * 1024;

/** Direct methods; their errors have an envelope of their own. Source: service.md §4. */
export function methodRoutes(app: FastifyInstance, { core, stopping }: RouteContext): void {
  const options = {
    config: { hub: { access: rights.methods, envelope: 'nested' } },
    bodyLimit: methodBodyLimit,
  } as const;
  app.post('/twins/:id/methods', options, (request, reply) =>
    core.commands.invoke(idOf(request), jsonOf(request), callerSignal(reply, stopping)),
  );
}
