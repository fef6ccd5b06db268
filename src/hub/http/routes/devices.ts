import type { FastifyInstance, FastifyReply } from 'fastify';
import type { DeviceIdentity } from '../../../protocol/identity.ts';
import { rights } from '../access.ts';
import type { RouteContext } from '../app.ts';
import { idOf, ifMatchOf, integerWithin, jsonOf, parametersOf } from '../request.ts';

const listLimits = { name: 'top', minimum: 1, maximum: 1000, fallback: 1000 };
const identityBodyLimit = 64 * 1024;

/** Identity registry. Source: service.md §2. */
export function deviceRoutes(app: FastifyInstance, { core }: RouteContext): void {
  const read = { config: { hub: { access: rights.readDevices } } };
  const write = { config: { hub: { access: rights.writeDevices } } };

  app.get('/devices', read, (request) =>
    core.registry.list(integerWithin(parametersOf(request).get('top') ?? undefined, listLimits)),
  );
  app.get('/devices/:id', read, async (request, reply) => withEtag(reply, await core.registry.get(idOf(request))));
  app.put('/devices/:id', { ...write, bodyLimit: identityBodyLimit }, async (request, reply) =>
    withEtag(reply, await core.registry.put(idOf(request), jsonOf(request), ifMatchOf(request))),
  );
  app.delete('/devices/:id', write, async (request, reply) => {
    await core.registry.delete(idOf(request), ifMatchOf(request));
    return reply.code(204).send();
  });
  app.post('/devices/keys/regenerate', { ...write, bodyLimit: identityBodyLimit }, async (request, reply) => {
    const result = await core.registry.regenerateKeys(jsonOf(request));
    const status = result.isSuccessful ? 200 : result.rotatedKeys.length > 0 ? 207 : 400;
    return reply.code(status).send(result);
  });
  app.post('/devices', write, async (request, reply) => {
    const result = await core.registry.bulk(jsonOf(request));
    return reply.code(result.isSuccessful ? 200 : 400).send(result);
  });
}

function withEtag(reply: FastifyReply, device: DeviceIdentity): DeviceIdentity {
  void reply.header('etag', `"${device.etag}"`);
  return device;
}
