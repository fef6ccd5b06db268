import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Twin } from '../../../protocol/twin/document.ts';
import { rights } from '../access.ts';
import type { RouteContext } from '../app.ts';
import { identityOf, ifMatchOf, jsonOf } from '../request.ts';

/** Tags, desired and the metadata a client may echo. */
const twinBodyLimit = 512 * 1024;

/** Twins of devices and modules. Source: service.md §3. */
export function twinRoutes(app: FastifyInstance, { core }: RouteContext): void {
  const read = { config: { hub: { access: rights.twins } } };
  const write = { ...read, bodyLimit: twinBodyLimit };

  for (const path of ['/twins/:id', '/twins/:id/modules/:module']) {
    app.get(path, read, async (request, reply) => withEtag(reply, await core.twins.get(identityOf(request))));
    app.patch(path, write, async (request, reply) =>
      withEtag(reply, await core.twins.patch(identityOf(request), jsonOf(request), ifMatchOf(request))),
    );
    app.put(path, write, async (request, reply) =>
      withEtag(reply, await core.twins.replace(identityOf(request), jsonOf(request), ifMatchOf(request))),
    );
  }
}

function withEtag(reply: FastifyReply, twin: Twin): Twin {
  void reply.header('etag', `"${twin.etag}"`);
  return twin;
}
