/** The `$cbs` node: tokens put on an open connection. Source: device.md §4.2, service.md §8.2, §9.4. */
import { HubError } from '../../protocol/hub-errors.ts';
import { isCbsAddress } from './address.ts';
import { int, type Writable } from './codec/values.ts';
import type { AmqpContext } from './context.ts';
import type { AmqpMessage, OutgoingMessage } from './message.ts';
import type { ConnectionClaims } from './claims.ts';
import { toAmqpError } from './errors.ts';
import type { AmqpConnection, IncomingDelivery, LinkRoute, OutgoingLink, SharedKey } from './route.ts';

const tokenTypes: ReadonlySet<string> = new Set(['servicebus.windows.net:sastoken', 'azure-devices.net:sastoken']);
/** Answers that wait for credit; a peer that asks for more without reading hears nothing. */
const mostWaiting = 64;
/** Tokens looked at together that give their credit back at once; more of them keep it until they are answered. */
const mostAtOnce = 16;

interface ReplyLinks {
  readonly links: OutgoingLink[];
  /** Tokens being looked at. */
  busy: number;
  readonly waiting: {
    readonly replyTo: string | undefined;
    readonly channel: number;
    readonly message: OutgoingMessage;
  }[];
}

const replies: SharedKey<ReplyLinks> = { create: () => ({ links: [], busy: 0, waiting: [] }) };

/** What the peer hears about its token. */
interface Verdict {
  readonly status: number;
  readonly description: string;
}

export function createCbsRoute(context: AmqpContext): LinkRoute {
  return {
    receive(link) {
      if (!isCbsAddress(link.address)) return undefined;
      return {
        window: 100,
        maxMessageSize: 256 * 1024,
        message(delivery) {
          answer(context, link.connection, link.channel, delivery).catch((error: unknown) =>
            context.log.error({ err: error }, 'a token could not be answered'),
          );
        },
      };
    },
    send(link) {
      if (!isCbsAddress(link.address)) return undefined;
      const shared = link.connection.shared(replies);
      shared.links.push(link);
      return {
        credit: () => flush(shared),
        closed() {
          shared.links.splice(shared.links.indexOf(link), 1);
        },
      };
    },
  };
}

async function answer(
  context: AmqpContext,
  connection: AmqpConnection,
  channel: number,
  delivery: IncomingDelivery,
): Promise<void> {
  let message: AmqpMessage;
  try {
    message = delivery.message;
  } catch (error) {
    delivery.reject(toAmqpError(error, context));
    return;
  }
  const shared = connection.shared(replies);
  if (shared.busy < mostAtOnce) delivery.accept();
  shared.busy++;
  const { messageId, replyTo } = message.properties;
  const { status, description } = await judge(context, connection, message);
  shared.busy--;
  delivery.accept();
  if (shared.waiting.length >= mostWaiting) return;
  const applicationProperties = new Map<string, Writable>([
    ['status-code', int(status)],
    ['status-description', description],
  ]);
  // The id goes back with the type it came with: clients compare both.
  const reply: OutgoingMessage = { properties: { correlationId: messageId }, applicationProperties, value: null };
  shared.waiting.push({ replyTo, channel, message: reply });
  flush(shared);
}

async function judge(context: AmqpContext, connection: AmqpConnection, message: AmqpMessage): Promise<Verdict> {
  const { applicationProperties, value, data } = message;
  if (applicationProperties.get('operation') !== 'put-token')
    return { status: 400, description: 'The operation is not put-token.' };
  const type = applicationProperties.get('type');
  const token =
    typeof value === 'string' ? value : data.length === 1 ? Buffer.from(data[0] ?? []).toString('utf8') : '';
  if (token === '') return { status: 400, description: 'The message holds no token.' };
  if (typeof type !== 'string' || !tokenTypes.has(type.toLowerCase()))
    return { status: 401, description: 'This hub takes shared access signatures only.' };
  try {
    await (connection.claims as ConnectionClaims).put(token);
    return { status: 200, description: 'OK' };
  } catch (error) {
    if (error instanceof HubError) {
      context.log.info({ remote: connection.remote, reason: error.message }, 'a token was refused');
      return { status: error.status, description: error.message };
    }
    return { status: 500, description: toAmqpError(error, context).condition };
  }
}

/** Answers go to the link that was named, else to one of the same session, else to any: some peers name a constant. */
function flush({ links, waiting }: ReplyLinks): void {
  for (let index = 0; index < waiting.length;) {
    const { replyTo, channel, message } = waiting[index] ?? { replyTo: undefined, channel: 0, message: {} };
    const named = replyTo === undefined ? [] : links.filter(({ peerAddress }) => peerAddress === replyTo);
    const near = links.filter((link) => link.channel === channel);
    const link = (named.length === 1 ? named : near.length > 0 ? near : links).find(({ credit }) => credit > 0);
    if (link === undefined) {
      index++;
    } else {
      waiting.splice(index, 1);
      link.send(message);
    }
  }
}
