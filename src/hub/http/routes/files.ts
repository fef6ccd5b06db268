import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HubError } from '../../../protocol/hub-errors.ts';
import type { RouteContext } from '../app.ts';
import { jsonOf } from '../request.ts';

const bodyLimit = 64 * 1024;

/** A device asks where to upload a file, and says how that went. Source: device.md §3.4. */
export function fileRoutes(app: FastifyInstance, { core, publicHost }: RouteContext): void {
  const options = { config: { hub: { access: 'device' } }, bodyLimit } as const;
  app.post('/devices/:id/files', options, (request) =>
    core.files.uploads.grant(deviceOf(request), jsonOf(request), publicHost(request.raw)),
  );
  const finish = async (request: FastifyRequest, correlationId: string | undefined): Promise<void> =>
    core.files.uploads.finish(deviceOf(request), correlationId, jsonOf(request));
  app.post('/devices/:id/files/notifications', options, async (request, reply) => {
    await finish(request, undefined);
    return reply.code(204).send();
  });
  app.post('/devices/:id/files/notifications/:correlation', options, async (request, reply) => {
    await finish(request, (request.params as { correlation: string }).correlation);
    return reply.code(204).send();
  });
}

function deviceOf(request: FastifyRequest): string {
  const sender = request.principal?.sender;
  if (sender === undefined) throw new HubError('IotHubUnauthorizedAccess', 'Unauthorized');
  return sender.deviceId;
}
