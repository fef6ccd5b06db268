import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Configuration } from '../../../protocol/configuration.ts';
import type { Permission } from '../../core/services.ts';
import type { RouteContext } from '../app.ts';
import { idOf, ifMatchOf, integerWithin, jsonOf, parametersOf } from '../request.ts';

/** Service.md §1.2 is unsure which right it is. */
const readAccess = ['RegistryRead', 'ServiceConnect'] as const satisfies readonly Permission[];
const writeAccess = ['RegistryWrite', 'ServiceConnect'] as const satisfies readonly Permission[];

const listLimits = { name: 'top', minimum: 1, maximum: 1000, fallback: 1000 };
/** Content for 50 modules. */
const bodyLimit = 2 * 1024 * 1024;

/** Automatic device management. Source: service.md §7. */
export function configurationRoutes(app: FastifyInstance, { core }: RouteContext): void {
  const read = { config: { hub: { access: readAccess } } };
  const write = { config: { hub: { access: writeAccess } }, bodyLimit };

  app.get('/configurations', read, (request) =>
    core.configurations.list(integerWithin(parametersOf(request).get('top') ?? undefined, listLimits)),
  );
  app.get('/configurations/:id', read, async (request, reply) =>
    withEtag(reply, await core.configurations.get(idOf(request))),
  );
  app.put('/configurations/:id', write, async (request, reply) => {
    const { configuration, created } = await core.configurations.put(
      idOf(request),
      jsonOf(request),
      ifMatchOf(request),
    );
    void reply.code(created ? 201 : 200);
    return withEtag(reply, configuration);
  });
  app.delete('/configurations/:id', write, async (request, reply) => {
    await core.configurations.delete(idOf(request), ifMatchOf(request));
    return reply.code(204).send();
  });
  app.post('/configurations/testQueries', read, (request) => core.configurations.testQueries(jsonOf(request)));
  app.post('/devices/:id/applyConfigurationContent', write, async (request, reply) => {
    await core.configurations.applyContent(idOf(request), jsonOf(request));
    return reply.code(204).send();
  });
}

function withEtag(reply: FastifyReply, configuration: Configuration): Configuration {
  void reply.header('etag', `"${configuration.etag}"`);
  return configuration;
}
