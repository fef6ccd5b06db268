import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isoTicks } from '../../../protocol/time.ts';
import type { Settlement } from '../../core/messages/service.ts';
import { rights } from '../access.ts';
import type { RouteContext } from '../app.ts';
import { parametersOf } from '../request.ts';
import { isReject, lockTokenOf } from './device-bound.ts';

const path = '/messages/serviceBound/feedback';

/** What became of messages, one batch at a time, for a back end without AMQP. Source: service.md §8.4. */
export function feedbackRoutes(app: FastifyInstance, { core }: RouteContext): void {
  const options = { config: { hub: { access: rights.messages } } };

  app.get(path, options, async (_request, reply) => {
    const delivery = await core.feedback.receive();
    if (delivery === undefined) return reply.code(204).send();
    const { lockToken, sequenceNumber, enqueuedTime, deliveryCount, contentType, body } = delivery;
    return reply
      .headers({
        etag: `"${lockToken}"`,
        'iothub-enqueuedtime': isoTicks(enqueuedTime),
        'iothub-sequencenumber': String(sequenceNumber),
        'iothub-deliverycount': String(deliveryCount),
      })
      .type(contentType)
      .send(Buffer.from(body));
  });

  async function settle(request: FastifyRequest, reply: FastifyReply, settlement: Settlement): Promise<FastifyReply> {
    await core.feedback.settle(lockTokenOf(request), settlement);
    return reply.code(204).send();
  }
  app.delete(`${path}/:lock`, options, (request, reply) =>
    settle(request, reply, isReject(parametersOf(request)) ? 'reject' : 'complete'),
  );
  app.post(`${path}/:lock/abandon`, options, (request, reply) => settle(request, reply, 'abandon'));
}
