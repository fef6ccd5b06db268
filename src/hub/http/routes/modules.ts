import type { FastifyInstance, FastifyReply } from 'fastify';
import type { ModuleIdentity } from '../../../protocol/identity.ts';
import { rights } from '../access.ts';
import type { RouteContext } from '../app.ts';
import { identityOf, idOf, ifMatchOf, jsonOf } from '../request.ts';

const identityBodyLimit = 64 * 1024;
const modulePath = '/devices/:id/modules/:module';

/** Module identities. Source: service.md §2.5. */
export function moduleRoutes(app: FastifyInstance, { core }: RouteContext): void {
  const { modules } = core.registry;
  const read = { config: { hub: { access: rights.readDevices } } };
  const write = {
    config: { hub: { access: rights.writeDevices } },
    bodyLimit: identityBodyLimit,
  };

  app.get('/devices/:id/modules', read, (request) => modules.list(idOf(request)));
  app.get(modulePath, read, async (request, reply) => withEtag(reply, await modules.get(identityOf(request))));
  app.put(modulePath, write, async (request, reply) =>
    withEtag(reply, await modules.put(identityOf(request), jsonOf(request), ifMatchOf(request))),
  );
  app.delete(modulePath, write, async (request, reply) => {
    await modules.delete(identityOf(request), ifMatchOf(request));
    return reply.code(204).send();
  });
}

function withEtag(reply: FastifyReply, module: ModuleIdentity): ModuleIdentity {
  void reply.header('etag', `"${module.etag}"`);
  return module;
}
