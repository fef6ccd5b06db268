/** A link on which messages are sent, each answered by the outcome the peer gives it. */
import type { Delivery, EventContext, Message, Sender } from 'rhea';
import { LinkEnded, type AmqpConnection } from './amqp-connection.ts';
import { readCondition, type Condition } from './condition-failure.ts';

export interface Line {
  /** False when the link or its connection is over. */
  readonly isOpen: boolean;
  /** Resolves when the peer has accepted the message. Rejects with {@link MessageRefused}, {@link LinkEnded} or a Failure. */
  send(message: Message, signal?: AbortSignal): Promise<void>;
  close(): void;
}

/** The peer did not take a message. */
export class MessageRefused extends Error {
  override readonly name = 'MessageRefused';
  readonly condition: Condition;

  constructor(condition: Condition | undefined) {
    super(condition?.description ?? 'the hub gave the message back');
    this.condition = condition ?? { condition: 'amqp:internal-error', description: this.message, info: {} };
  }
}

/** Opens a sender to this address on a connection that is its own from then on. */
export async function openLine(connection: AmqpConnection, address: string): Promise<Line> {
  const sender = await connection.openSender({ target: { address } });
  const unsettled = new Map<Delivery, PromiseWithResolvers<void>>();
  const waiting = new Set<PromiseWithResolvers<void>>();
  let ended: LinkEnded | undefined;
  const settle =
    (outcome: (waiter: PromiseWithResolvers<void>, delivery: Delivery) => void) => (context: EventContext) => {
      const { delivery } = context;
      const waiter = delivery === undefined ? undefined : unsettled.get(delivery);
      if (delivery === undefined || waiter === undefined) return;
      unsettled.delete(delivery);
      outcome(waiter, delivery);
    };
  const refuse = settle((waiter, delivery) =>
    waiter.reject(new MessageRefused(readCondition(delivery.remote_state?.['error']))),
  );
  sender.on(
    'accepted',
    settle((waiter) => waiter.resolve()),
  );
  for (const outcome of ['rejected', 'released', 'modified']) sender.on(outcome, refuse);
  sender.on('sendable', () => {
    for (const waiter of waiting) waiter.resolve();
    waiting.clear();
  });
  sender.on('sender_close', () => {
    ended = new LinkEnded(readCondition(sender.error));
    for (const waiter of [...unsettled.values(), ...waiting]) waiter.reject(ended);
    unsettled.clear();
    waiting.clear();
    connection.close();
  });
  return {
    get isOpen() {
      return ended === undefined && connection.isOpen;
    },
    async send(message, signal) {
      while (!sender.sendable()) {
        if (ended !== undefined) throw ended;
        await connection.whileOpen(credit(waiting, signal));
      }
      if (ended !== undefined) throw ended;
      await connection.whileOpen(deliver(sender, message, unsettled));
    },
    close: () => connection.close(),
  };
}

function deliver(
  sender: Sender,
  message: Message,
  unsettled: Map<Delivery, PromiseWithResolvers<void>>,
): Promise<void> {
  const waiter = Promise.withResolvers<void>();
  unsettled.set(sender.send(message), waiter);
  return waiter.promise;
}

async function credit(waiting: Set<PromiseWithResolvers<void>>, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  const waiter = Promise.withResolvers<void>();
  const onAbort = (): void => waiter.reject(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  waiting.add(waiter);
  try {
    await waiter.promise;
  } finally {
    waiting.delete(waiter);
    signal?.removeEventListener('abort', onAbort);
  }
}
