/** A queue of locked messages on a link: sends while there is credit, settles as the peer says, gives back what is left over. */
import { HubError } from '../../protocol/hub-errors.ts';
import type { Settlement } from '../core/messages/service.ts';
import type { AmqpContext } from './context.ts';
import { toAmqpError } from './errors.ts';
import { lockTokenBytes } from './lock-tokens.ts';
import type { OutgoingMessage } from './message.ts';
import { createPump } from './pump.ts';
import type { OutgoingDelivery, OutgoingLink, Outcome, Sending } from './route.ts';

export interface LockingQueue<Message extends { readonly lockToken: string }> {
  receive(): Promise<Message | undefined>;
  settle(lockToken: string, settlement: Settlement): Promise<void>;
  subscribe(wake: () => void): () => void;
  encode(message: Message): OutgoingMessage;
}

const settlements: Readonly<Record<Outcome, Settlement>> = {
  accepted: 'complete',
  rejected: 'reject',
  released: 'abandon',
  modified: 'abandon',
};

export function sendFromQueue<Message extends { readonly lockToken: string }>(
  context: AmqpContext,
  link: OutgoingLink,
  queue: LockingQueue<Message>,
): Required<Pick<Sending, 'credit' | 'drain' | 'closed'>> {
  /** Lock tokens of what the peer has and has not settled. */
  const held = new Set<string>();
  let over = false;

  async function settle(lockToken: string, outcome: Outcome, delivery: OutgoingDelivery): Promise<void> {
    held.delete(lockToken);
    try {
      await queue.settle(lockToken, settlements[outcome]);
      delivery.settle();
    } catch (error) {
      delivery.settle(toAmqpError(error, context));
    }
  }

  async function giveBack(lockToken: string): Promise<void> {
    try {
      await queue.settle(lockToken, 'release');
    } catch (error) {
      // The lock may be gone meanwhile, or the identity with its queue.
      if (!(error instanceof HubError)) context.log.error({ err: error }, 'a message could not be given back');
    }
  }

  async function sendOne(): Promise<boolean> {
    if (over || link.credit === 0) return false;
    const message = await queue.receive();
    if (message === undefined) return false;
    const { lockToken } = message;
    if (over || link.credit === 0) {
      await giveBack(lockToken);
      return false;
    }
    held.add(lockToken);
    link.send(queue.encode(message), {
      tag: lockTokenBytes(lockToken),
      onOutcome: (outcome, delivery) => void settle(lockToken, outcome, delivery),
    });
    return true;
  }

  const pump = createPump(sendOne, (error) => {
    if (!(error instanceof HubError)) context.log.error({ err: error }, 'messages cannot be read from their queue');
  });
  const unsubscribe = queue.subscribe(() => pump.wake());

  return {
    credit: () => pump.wake(),
    drain() {
      pump.wake();
      return pump.idle();
    },
    closed() {
      over = true;
      unsubscribe();
      for (const lockToken of held) void giveBack(lockToken);
      held.clear();
    },
  };
}
