import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Twin } from '../../../protocol/twin/document.ts';
import { rights } from '../access.ts';
import type { RouteContext } from '../app.ts';
import { idOf, ifMatchOf, jsonOf } from '../request.ts';

/** Tags, desired and the metadata a client may echo. */
const twinBodyLimit = 512 * 1024;

/** Device twins. Source: service.md §3. */
export function twinRoutes(app: FastifyInstance, { core }: RouteContext): void {
  const read = { config: { hub: { access: rights.twins } } };
  const write = { ...read, bodyLimit: twinBodyLimit };

  app.get('/twins/:id', read, async (request, reply) => withEtag(reply, await core.twins.get(idOf(request))));
  app.patch('/twins/:id', write, async (request, reply) =>
    withEtag(reply, await core.twins.patch(idOf(request), jsonOf(request), ifMatchOf(request))),
  );
  app.put('/twins/:id', write, async (request, reply) =>
    withEtag(reply, await core.twins.replace(idOf(request), jsonOf(request), ifMatchOf(request))),
  );
}

function withEtag(reply: FastifyReply, twin: Twin): Twin {
  void reply.header('etag', `"${twin.etag}"`);
  return twin;
}
