import { textOf } from '../codec/values.ts';
import type { AmqpMessage } from '../message.ts';
import type { AmqpConnection, IncomingDelivery, OutgoingLink, Receiving, Sending, SharedKey } from '../route.ts';
import { answerManagement, type EndpointFacts } from './management.ts';

/** Answers wait here when a peer asks without having granted credit; more than this ends the link they wait for. */
const mostWaiting = 50;
/** Questions of one peer that are being answered. */
const mostAtOnce = 20;

interface AnswerLink {
  readonly link: OutgoingLink;
  readonly waiting: Parameters<OutgoingLink['send']>[0][];
}

/** Links of a connection on which answers are sent. */
type AnswerLinks = Set<AnswerLink>;

/** Both halves of `$management`: requests come on one link, answers go on the link whose address the request names. */
export function createManagementLinks(
  facts: EndpointFacts,
  onError: (error: unknown) => void,
): {
  receive(connection: AmqpConnection, channel: number): Receiving;
  send(link: OutgoingLink): Sending;
} {
  const answers: SharedKey<AnswerLinks> = { create: () => new Set() };

  async function reply(links: AnswerLinks, channel: number, message: AmqpMessage): Promise<void> {
    const answer = await answerManagement(message, facts);
    const target = linkFor(links, channel, message);
    if (target === undefined) return;
    target.waiting.push(answer);
    flush(target);
    if (target.waiting.length > mostWaiting)
      target.link.detach({ condition: 'amqp:resource-limit-exceeded', description: 'Too many answers are not taken.' });
  }

  return {
    receive(connection, channel) {
      const links = connection.shared(answers);
      return {
        window: mostAtOnce,
        message(delivery) {
          // Settled when it is answered: whoever asks faster than that runs out of credit.
          reply(links, channel, copyOf(delivery)).then(
            () => delivery.accept(),
            (error: unknown) => {
              onError(error);
              delivery.release();
            },
          );
        },
      };
    },
    send(link) {
      const links = link.connection.shared(answers);
      const entry: AnswerLink = { link, waiting: [] };
      links.add(entry);
      return { credit: () => flush(entry), closed: () => void links.delete(entry) };
    },
  };
}

/** The answer is made later, when the bytes of the request are gone; what it needs of them are texts and numbers. */
function copyOf(delivery: IncomingDelivery): AmqpMessage {
  const { properties, applicationProperties } = delivery.message;
  const { messageId } = properties;
  return {
    annotations: new Map(),
    properties: {
      messageId: messageId instanceof Uint8Array ? Uint8Array.from(messageId) : messageId,
      replyTo: properties.replyTo,
    },
    applicationProperties: new Map(
      [...applicationProperties].flatMap(([name, value]) => {
        const text = textOf(value);
        return text === undefined ? [] : [[name, text] as const];
      }),
    ),
    data: [],
    value: undefined,
  };
}

function linkFor(links: AnswerLinks, channel: number, { properties }: AmqpMessage): AnswerLink | undefined {
  const open = [...links].filter(({ link }) => link.isOpen);
  return (
    open.find(({ link }) => link.peerAddress !== '' && link.peerAddress === properties.replyTo) ??
    open.find(({ link }) => link.channel === channel)
  );
}

function flush({ link, waiting }: AnswerLink): void {
  while (link.credit > 0) {
    const answer = waiting.shift();
    if (answer === undefined) return;
    link.send(answer);
  }
}
