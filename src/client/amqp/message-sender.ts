import type { Message } from 'rhea';
import { Failure } from '../../errors/index.ts';
import { identityNames, type IdentityPath } from '../../protocol/identity-path.ts';
import type { CloudMessage } from './channel.ts';
import { failureOfCondition } from './condition-failure.ts';
import type { HubLink } from './hub-link.ts';
import { MessageRefused, openLine, type Line } from './line.ts';

/** Sends messages to devices, over one connection that is made by the first and made anew after it was lost. */
export interface MessageSender {
  send(identity: IdentityPath, message: CloudMessage, signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

const target = '/messages/devicebound';

export function createMessageSender(link: HubLink): MessageSender {
  let opening: Promise<Line> | undefined;

  async function line(): Promise<Line> {
    const open = await opening?.catch(() => undefined);
    if (open?.isOpen === true) return open;
    opening = connect(link);
    return opening;
  }

  return {
    async send(identity, message, signal) {
      signal?.throwIfAborted();
      const context = { action: `send a message to ${identity}`, deviceId: identityNames(identity).deviceId };
      const { default: rhea } = await import('rhea');
      const body: unknown = rhea.message.data_section(Buffer.from(message.body));
      const open = await line().catch((error: unknown) => {
        throw link.failureOf(error, { action: context.action });
      });
      try {
        await open.send(encode(identity, message, body), signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof MessageRefused)
          throw failureOfCondition(error.condition, { ...context, hostName: link.hostName });
        throw unsure(link.failureOf(error, context));
      }
    },
    async close() {
      (await opening?.catch(() => undefined))?.close();
    },
  };
}

async function connect(link: HubLink): Promise<Line> {
  const connection = await link.connect();
  try {
    return await openLine(connection, target);
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Nobody knows whether the hub still took a message before the connection was lost. */
function unsure(failure: Failure): Failure {
  if (failure.code !== 'hub-unreachable') return failure;
  return new Failure('hub-unreachable', `${failure.message}; the message may have been queued all the same`, {
    cause: failure,
    hint: failure.hint,
    details: { ...failure.details, maybeSent: true },
  });
}

/** Source: service.md §8.3. */
function encode(identity: IdentityPath, message: CloudMessage, body: unknown): Message {
  const { deviceId, moduleId } = identityNames(identity);
  const module = moduleId === '' ? '' : `/modules/${encodeURIComponent(moduleId)}`;
  return {
    to: `/devices/${encodeURIComponent(deviceId)}${module}/messages/devicebound`,
    ...(message.messageId !== undefined && { message_id: message.messageId }),
    ...(message.correlationId !== undefined && { correlation_id: message.correlationId }),
    ...(message.userId !== undefined && { user_id: message.userId }),
    ...(message.expiresAt !== undefined && { absolute_expiry_time: new Date(message.expiresAt) }),
    ...(message.contentType !== undefined && { content_type: message.contentType }),
    ...(message.contentEncoding !== undefined && { content_encoding: message.contentEncoding }),
    application_properties: { ...message.properties, 'iothub-ack': message.ack ?? 'none' },
    body,
  };
}
