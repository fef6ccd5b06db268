import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HubError } from '../../../protocol/hub-errors.ts';
import { identityPath } from '../../../protocol/identity-path.ts';
import type { RouteContext } from '../app.ts';
import { readBatch, readSingle, type DeviceMessage } from '../device-messages.ts';
import { bytesOf, headerOf, jsonOf } from '../request.ts';

/** Limit of a message and of a whole batch, properties included. Source: device.md §3.1. */
const maxMessageBytes = 256 * 1024;
/** A batch carries its bodies in base64, and JSON around them. */
const eventBodyLimit = 2 * maxMessageBytes;
const batchType = 'application/vnd.microsoft.iothub.json';

/** A device sends telemetry over HTTPS: 204 means stored. Source: device.md §3.1. */
export function eventRoutes(app: FastifyInstance, { core, clock }: RouteContext): void {
  const options = { config: { hub: { access: 'device' } }, bodyLimit: eventBodyLimit } as const;
  const send = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const sender = request.principal?.sender;
    if (sender === undefined) throw new HubError('IotHubUnauthorizedAccess', 'Unauthorized');
    const batched = headerOf(request, 'content-type')?.toLowerCase().startsWith(batchType) === true;
    const messages = batched ? readBatch(jsonOf(request)) : [readSingle(request.raw.rawHeaders, bytesOf(request))];
    checkSize(messages);
    core.sessions.touch(identityPath(sender.deviceId, sender.moduleId));
    const now = clock.now();
    const stored = messages.map(async ({ bag, body }) => {
      await new Promise<void>((resolve, reject) => {
        core.telemetry.append(sender, now, bag, body, (error) => (error === undefined ? resolve() : reject(error)));
      });
    });
    await Promise.all(stored);
    return reply.code(204).send();
  };
  app.post('/devices/:id/messages/events', options, send);
  app.post('/devices/:id/modules/:module/messages/events', options, send);
}

function checkSize(messages: readonly DeviceMessage[]): void {
  let size = 0;
  for (const { bag, body } of messages) size += bag.length + body.length;
  if (size > maxMessageBytes)
    throw new HubError('MessageTooLarge', `Messages of one request must not be larger than ${maxMessageBytes} bytes.`);
}
