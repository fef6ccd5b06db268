import { createFeedbackCollector } from '../../../../src/hub/core/messages/feedback.ts';
import { createMessages, type Messages } from '../../../../src/hub/core/messages/messages.ts';
import { createServiceQueue, type StoredServiceQueue } from '../../../../src/hub/core/messages/service-queue.ts';
import type { CloudToDeviceMessage } from '../../../../src/hub/core/messages/service.ts';
import { HubError } from '../../../../src/protocol/hub-errors.ts';
import { fakeClock, type FakeClock } from '../../../support/fake-clock.ts';
import { memoryDocuments, type MemoryDocuments } from '../../../support/memory-documents.ts';

export interface MessageFixture {
  readonly documents: MemoryDocuments;
  readonly clock: FakeClock;
  /** Identities that exist, with their generations. */
  readonly identities: Map<string, string>;
  readonly errors: unknown[];
  messages: Messages;
  feedback: StoredServiceQueue;
  /** Ends the hub's core without a word and begins a new one on the same documents. */
  restart(): Promise<void>;
  /** Everything the feedback queue holds; the records are taken out. */
  takeFeedback(): Promise<Record<string, unknown>[]>;
}

export async function openMessages(identities: readonly string[] = ['d1']): Promise<MessageFixture> {
  const documents = memoryDocuments();
  const clock = fakeClock();
  const known = new Map(identities.map((identity) => [identity, `generation of ${identity}`]));
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const begin = (): { messages: Messages; feedback: StoredServiceQueue } => {
    const feedback = createServiceQueue({ documents, clock, onError, name: 'feedback' });
    const collector = createFeedbackCollector({ documents, clock, queue: feedback, onError });
    const messages = createMessages({
      documents,
      clock,
      onError,
      feedback: collector,
      async generationOf(identity) {
        const generation = known.get(identity);
        if (generation === undefined) throw new HubError('DeviceNotFound', `no ${identity}`);
        return generation;
      },
      generationsOf: async (wanted) =>
        new Map(wanted.flatMap((identity) => (known.has(identity) ? [[identity, known.get(identity)!]] : []))),
    });
    return { messages, feedback };
  };
  const fixture: MessageFixture = {
    documents,
    clock,
    identities: known,
    errors,
    ...begin(),
    async restart() {
      Object.assign(fixture, begin());
      await fixture.messages.ready;
    },
    async takeFeedback() {
      const records: Record<string, unknown>[] = [];
      for (;;) {
        const delivery = await fixture.feedback.receive();
        if (delivery === undefined) return records;
        records.push(...(JSON.parse(Buffer.from(delivery.body).toString()) as Record<string, unknown>[]));
        await fixture.feedback.settle(delivery.lockToken, 'complete');
      }
    },
  };
  await fixture.messages.ready;
  return fixture;
}

export function text(body: string, more: Partial<CloudToDeviceMessage> = {}): CloudToDeviceMessage {
  return { ack: 'none', properties: {}, body: Buffer.from(body), ...more };
}

export function bodyOf(message: { readonly body: Uint8Array } | undefined): string | undefined {
  return message === undefined ? undefined : Buffer.from(message.body).toString();
}
