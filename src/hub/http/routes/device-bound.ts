import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HubError } from '../../../protocol/hub-errors.ts';
import { identityPath, type IdentityPath } from '../../../protocol/identity-path.ts';
import type { Settlement } from '../../core/messages/service.ts';
import type { RouteContext } from '../app.ts';
import { messageHeaders } from '../message-headers.ts';
import { headerOf, integerWithin, parametersOf } from '../request.ts';

/** Seconds. Another lock than the usual one minute is asked for by parameter or header (device.md §3.2); its bounds are those of Azure's other locks. */
const lockSeconds = { name: 'iothub-messagelocktimeout', minimum: 5, maximum: 300, fallback: 60 };

/** A device takes its messages over HTTPS. Source: device.md §3.2, §3.3. */
export function deviceBoundRoutes(app: FastifyInstance, { core }: RouteContext): void {
  const options = { config: { hub: { access: 'device' } } } as const;

  async function receive(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const identity = seen(request);
    const { name } = lockSeconds;
    const asked = parametersOf(request).get(name) ?? headerOf(request, name);
    const message = await core.messages.receive(identity, { lockMs: integerWithin(asked, lockSeconds) * 1_000 });
    if (message === undefined) return reply.code(204).send();
    return reply.headers(messageHeaders(message)).type('application/octet-stream').send(Buffer.from(message.body));
  }

  async function settle(request: FastifyRequest, reply: FastifyReply, settlement: Settlement): Promise<FastifyReply> {
    await core.messages.settle(seen(request), lockTokenOf(request), settlement);
    return reply.code(204).send();
  }

  /** The device of the request, which does something just now. */
  function seen(request: FastifyRequest): IdentityPath {
    const sender = request.principal?.sender;
    if (sender === undefined) throw new HubError('IotHubUnauthorizedAccess', 'Unauthorized');
    const identity = identityPath(sender.deviceId, sender.moduleId);
    core.sessions.touch(identity);
    return identity;
  }

  for (const base of ['/devices/:id', '/devices/:id/modules/:module']) {
    const path = `${base}/messages/devicebound`;
    app.get(path, options, receive);
    app.delete(`${path}/:lock`, options, (request, reply) =>
      settle(request, reply, isReject(parametersOf(request)) ? 'reject' : 'complete'),
    );
    app.post(`${path}/:lock/abandon`, options, (request, reply) => settle(request, reply, 'abandon'));
  }
}

/** The lock of the address; `If-Match` repeats it. */
export function lockTokenOf(request: FastifyRequest): string {
  return (request.params as { lock: string }).lock.toLowerCase();
}

/** `&reject`, `&reject=` or `&reject=true`. */
export function isReject(parameters: URLSearchParams): boolean {
  const reject = parameters.get('reject');
  return reject !== null && reject.toLowerCase() !== 'false';
}
