import type { FastifyInstance } from 'fastify';
import { rights } from '../access.ts';
import type { RouteContext } from '../app.ts';
import { callerSignal, identityOf, jsonOf } from '../request.ts';

/** A payload of 128 KB and its frame. */
const methodBodyLimit = 192 * 1024;

/** Direct methods; their errors have an envelope of their own. Source: service.md §4. */
export function methodRoutes(app: FastifyInstance, { core, stopping }: RouteContext): void {
  const options = {
    config: { hub: { access: rights.methods, envelope: 'nested' } },
    bodyLimit: methodBodyLimit,
  } as const;
  for (const path of ['/twins/:id/methods', '/twins/:id/modules/:module/methods']) {
    app.post(path, options, (request, reply) =>
      core.commands.invoke(identityOf(request), jsonOf(request), callerSignal(reply, stopping)),
    );
  }
}
