/** What the hub gives out to back ends: feedback and notices of uploads. */
import type { Delivery, EventContext, Receiver } from 'rhea';
import { sleep, type Clock } from '../../std/clock.ts';
import { LinkEnded, type AmqpConnection } from './amqp-connection.ts';
import type { ListenRequest } from './channel.ts';
import { readCondition } from './condition-failure.ts';
import type { HubLink } from './hub-link.ts';

export interface ServiceReceiverOptions {
  readonly link: HubLink;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly address: string;
  /** What is listened to, for errors: `read the feedback`. */
  readonly action: string;
}

/** Messages that may be on their way at once. */
const window = 50;
const firstDelayMs = 500;
const longestDelayMs = 30_000;

/**
 * The bodies of the messages at an address, as JSON. Each is taken off the hub's queue when the next is asked for, so that what its
 * reader did not handle is given out again. A lost link is made anew; a refusal, and a hub that was never reached, are failures.
 */
export async function* receiveFrom(
  options: ServiceReceiverOptions,
  request: ListenRequest,
): AsyncGenerator<unknown, void, undefined> {
  const { link, clock, random, action } = options;
  let lostAt: number | undefined;
  let tries = 0;
  let ready = false;
  for (;;) {
    let inbox: Inbox | undefined;
    try {
      inbox = await openInbox(options, request.signal);
      if (lostAt !== undefined) request.onLink?.({ kind: 'restored', afterMs: clock.monotonic() - lostAt });
      if (!ready) request.onReady?.();
      ready = true;
      lostAt = undefined;
      for await (const body of inbox.bodies()) {
        tries = 0;
        yield body;
      }
    } catch (error) {
      request.signal?.throwIfAborted();
      const failure = link.failureOf(error, { action });
      if (!ready || !failure.retryable) throw failure;
      lostAt ??= clock.monotonic();
      const retryInMs = Math.round(
        (0.5 + random() / 2) * Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(tries++, 8)),
      );
      request.onLink?.({ kind: 'lost', reason: failure.message, retryInMs });
      await sleep(clock, retryInMs, request.signal);
    } finally {
      inbox?.close();
    }
  }
}

interface Inbox {
  bodies(): AsyncGenerator<unknown, void, undefined>;
  close(): void;
}

async function openInbox({ link, address }: ServiceReceiverOptions, signal: AbortSignal | undefined): Promise<Inbox> {
  const connection = await link.connect(signal);
  try {
    const receiver = await connection.openReceiver({ source: { address }, autoaccept: false, credit_window: 0 });
    return createInbox(connection, receiver, signal);
  } catch (error) {
    connection.close();
    throw error;
  }
}

function createInbox(connection: AmqpConnection, receiver: Receiver, signal: AbortSignal | undefined): Inbox {
  const arrived: { readonly delivery: Delivery; readonly body: unknown }[] = [];
  let news = Promise.withResolvers<void>();
  let over: unknown;
  const end = (reason: unknown): void => {
    over ??= reason;
    news.resolve();
  };
  receiver.on('message', ({ message, delivery }: EventContext) => {
    if (message === undefined || delivery === undefined) return;
    arrived.push({ delivery, body: message['body'] });
    news.resolve();
  });
  receiver.on('receiver_close', () => end(new LinkEnded(readCondition(receiver.error))));
  void connection.lost.then(end);
  const onAbort = (): void => end(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  receiver.add_credit(window);
  return {
    async *bodies() {
      for (;;) {
        const next = arrived.shift();
        if (next !== undefined) {
          const body = readJson(next.body);
          if (body !== undefined) yield body;
          next.delivery.accept();
          receiver.add_credit(1);
        } else if (over !== undefined) {
          throw over;
        } else {
          await news.promise;
          news = Promise.withResolvers();
        }
      }
    },
    close() {
      signal?.removeEventListener('abort', onAbort);
      connection.close();
    },
  };
}

/** The JSON of a message's data; a message that is none of the hub's is passed over. */
function readJson(body: unknown): unknown {
  const content = typeof body === 'object' && body !== null && 'content' in body ? body.content : body;
  if (!(content instanceof Uint8Array)) return undefined;
  try {
    return JSON.parse(Buffer.from(content).toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
