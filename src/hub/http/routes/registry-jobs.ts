import type { FastifyInstance } from 'fastify';
import { rights } from '../access.ts';
import type { RouteContext } from '../app.ts';
import { idOf, jsonOf } from '../request.ts';

const bodyLimit = 64 * 1024;

/** Import and export of the whole registry.. Source: service.md §6.3. */
export function registryJobRoutes(app: FastifyInstance, { core }: RouteContext): void {
  const read = { config: { hub: { access: rights.readDevices } } };
  const write = { config: { hub: { access: rights.writeDevices } } };
  app.post('/jobs/create', { ...write, bodyLimit }, (request) => core.files.registryJobs.create(jsonOf(request)));
  app.get('/jobs', read, () => core.files.registryJobs.list());
  app.get('/jobs/:id', read, (request) => core.files.registryJobs.get(idOf(request)));
  app.delete('/jobs/:id', write, async (request, reply) => {
    await core.files.registryJobs.cancel(idOf(request));
    return reply.code(204).send();
  });
}
