import type { IdentityPath } from '../../protocol/identity-path.ts';
import type { QueuedMessageView } from '../../protocol/queued-message.ts';
import { windowed } from '../../std/windowed.ts';
import { toFailure, type Failure } from '../../errors/index.ts';
import type { Hub, QueueRequest } from '../ports.ts';

/** A message and whom it is for. */
export interface QueuedMessage extends QueuedMessageView {
  /** `DEVICE` or `DEVICE/MODULE`. */
  readonly deviceId: string;
}

/** The messages in the queues of these devices, device by device, oldest first. Failures: those of the hub. */
export async function* readQueues(
  hub: Pick<Hub, 'messages'>,
  identities: readonly IdentityPath[],
  request: QueueRequest & { readonly concurrency: number },
): AsyncGenerator<QueuedMessage, void, undefined> {
  const read = async (identity: IdentityPath): Promise<readonly QueuedMessage[] | Failure> => {
    try {
      const messages = await hub.messages.list(identity, request);
      return messages.map((message) => ({ deviceId: identity, ...message }));
    } catch (error) {
      return toFailure(error);
    }
  };
  for await (const messages of windowed(identities, request.concurrency, read, request.signal)) {
    if (messages instanceof Error) throw messages;
    yield* messages;
  }
  request.signal?.throwIfAborted();
}
