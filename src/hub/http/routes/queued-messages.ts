import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HubError } from '../../../protocol/hub-errors.ts';
import { identityNames } from '../../../protocol/identity-path.ts';
import type { QueuedMessageView } from '../../../protocol/queued-message.ts';
import { isoMillis } from '../../../protocol/time.ts';
import type { DeadLetter, PeekedMessage } from '../../core/messages/service.ts';
import { fieldsOf } from '../../core/untrusted.ts';
import { rights } from '../access.ts';
import type { RouteContext } from '../app.ts';
import { bytesOf, identityOf, integerWithin, jsonOf, parametersOf } from '../request.ts';

/** As many as a queue and its dead letters can hold. */
const top = { name: 'top', minimum: 1, maximum: 100, fallback: 100 };
const requeueBodyLimit = 16 * 1024;
const bases = ['/devices/:id', '/devices/:id/modules/:module'] as const;

/** A device's queue as its operator sees it: emptied as in the cloud (service.md §8.6), looked into as only this hub lets one. */
export function queuedMessageRoutes(app: FastifyInstance, { core }: RouteContext): void {
  const versioned = { config: { hub: { access: rights.purge } } };
  const own = { config: { hub: { access: rights.messages, unversioned: true } } } as const;

  for (const base of bases) {
    app.delete(`${base}/commands`, versioned, async (request) => {
      const identity = identityOf(request);
      const totalMessagesPurged = await core.messages.purge(identity);
      const { deviceId, moduleId } = identityNames(identity);
      return { deviceId, moduleId: moduleId === '' ? null : moduleId, totalMessagesPurged };
    });
    app.get(`/iotctl${base}/messages`, own, async (request) => {
      const identity = identityOf(request);
      const parameters = parametersOf(request);
      const limit = integerWithin(parameters.get('top') ?? undefined, top);
      const withBody = parameters.get('body') === 'true';
      const dead = parameters.get('state') === 'dead';
      const found = dead ? await core.messages.deadLetters(identity, limit) : await core.messages.peek(identity, limit);
      return { messages: found.map((message) => viewMessage(message, withBody)) };
    });
    app.post(`/iotctl${base}/messages/requeue`, { ...own, bodyLimit: requeueBodyLimit }, async (request) => ({
      requeued: await core.messages.requeue(identityOf(request), sequenceNumbersOf(request)),
    }));
  }
}

function viewMessage(message: PeekedMessage | DeadLetter, withBody: boolean): QueuedMessageView {
  const dead = 'reason' in message ? message : undefined;
  return {
    sequenceNumber: message.sequenceNumber,
    state: 'locked' in message ? (message.locked ? 'locked' : 'queued') : 'dead',
    messageId: message.messageId ?? null,
    correlationId: message.correlationId ?? null,
    contentType: message.contentType ?? null,
    contentEncoding: message.contentEncoding ?? null,
    ack: message.ack,
    enqueuedTime: isoMillis(message.enqueuedTime),
    expiryTime: isoMillis(message.expiresAt),
    deliveryCount: message.deliveryCount,
    reason: dead?.reason ?? null,
    deadLetteredTime: dead === undefined ? null : isoMillis(dead.deadLetteredTime),
    properties: { ...message.properties },
    size: message.body.length,
    body: withBody ? Buffer.from(message.body).toString('base64') : null,
  };
}

/** `{"sequenceNumbers": [3, 5]}`; without a body, or without the member, all. */
function sequenceNumbersOf(request: FastifyRequest): number[] | undefined {
  if (bytesOf(request).length === 0) return undefined;
  const numbers = fieldsOf(jsonOf(request), 'The request').get('sequencenumbers');
  if (numbers === undefined) return undefined;
  if (!Array.isArray(numbers) || !numbers.every((number) => typeof number === 'number'))
    throw new HubError('ArgumentInvalid', 'sequenceNumbers must be an array of numbers.');
  return numbers;
}
