import type { Clock } from '../../../std/clock.ts';
import { identityNames, identityResource, type IdentityPath } from '../../../protocol/identity-path.ts';
import type { DocumentChange, DocumentStore } from '../ports.ts';
import { checkMessage, defaultLifeMs, expiryOf } from './check-message.ts';
import { DurableQueue } from './durable-queue.ts';
import { feedbackRecord, type FeedbackCollector, type FeedbackRecord } from './feedback.ts';
import { readContent, writeContent, type MessageContent } from './message-content.ts';
import { changesFor, documentId, documentsOf, queueOf, readEntry } from './queue-documents.ts';
import { QueueState, type DeadEntry, type Entry, type QueueEvent, type QueueRules } from './queue-state.ts';
import type { CloudToDeviceMessage, FeedbackRequest, MessageService, QueuedMessage } from './service.ts';
import { createWakers } from './wakers.ts';

/** Source: device.md §8. */
const rules: QueueRules = { capacity: 50, maxDeliveryCount: 10, deadLetters: 50 };

const collections = { headers: 'message-headers', contents: 'message-contents' };
/** The last sequence number of each identity that ever got a message. */
const counters = 'message-counters';
const identitiesAtOnce = 500;

export interface MessageParts {
  readonly documents: DocumentStore;
  readonly clock: Clock;
  readonly feedback: FeedbackCollector;
  /** The generation of an identity. Failures: DeviceNotFound, ModuleNotFound. */
  readonly generationOf: (identity: IdentityPath) => Promise<string>;
  /** The generations of those identities that exist. */
  readonly generationsOf: (identities: readonly IdentityPath[]) => Promise<ReadonlyMap<IdentityPath, string>>;
  readonly onError: (error: unknown) => void;
}

/** The message service with what only the core itself may ask of it. */
export interface Messages extends MessageService {
  /** Resolves when the queues of an earlier run are read; until then {@link MessageService.count} knows nothing. */
  readonly ready: Promise<void>;
  /** Drops everything of an identity that was deleted. */
  forget(identity: IdentityPath): Promise<void>;
  /** Resolves when what was asked for is stored. */
  close(): Promise<void>;
}

type Note = { ack: FeedbackRequest; messageId: string | null; generationId: string };
type Queue = DurableQueue<Note>;

export function createMessages(parts: MessageParts): Messages {
  const { documents, clock, feedback, onError } = parts;
  /** Only queues that hold something, or are being worked on. */
  const queues = new Map<IdentityPath, Queue>();
  const wakers = createWakers();
  const ready = load();
  ready.catch(onError);

  async function load(): Promise<void> {
    await feedback.load();
    const found = new Map<IdentityPath, (Entry<Note> | DeadEntry<Note>)[]>();
    for await (const { id, value } of documentsOf(documents, collections.headers)) {
      const identity = queueOf(id);
      const held = found.get(identity);
      if (held === undefined) found.set(identity, [readEntry<Note>(value)]);
      else held.push(readEntry<Note>(value));
    }
    const identities = [...found.keys()];
    for (let at = 0; at < identities.length; at += identitiesAtOnce) {
      const page = identities.slice(at, at + identitiesAtOnce);
      const generations = await parts.generationsOf(page);
      await Promise.all(
        page.map((identity) => restore(identity, found.get(identity) ?? [], generations.get(identity))),
      );
    }
  }

  /** Messages of an earlier owner of the name, or of none, are of no use to anyone: the hub stopped before it could drop them. */
  async function restore(
    identity: IdentityPath,
    entries: readonly (Entry<Note> | DeadEntry<Note>)[],
    generationId: string | undefined,
  ): Promise<void> {
    const last = await lastSequence(identity);
    const dead = entries.filter((entry) => 'reason' in entry);
    const waiting = entries.filter((entry) => !('reason' in entry));
    const queue = addQueue(identity, async () => new QueueState(waiting, dead, last));
    const isOurs = entries.every(({ note }) => note.generationId === generationId);
    await queue.run((draft) => (isOurs ? undefined : draft.clear()));
  }

  async function lastSequence(identity: IdentityPath): Promise<number> {
    return Number((await documents.get(counters, identity))?.['last'] ?? 0);
  }

  function addQueue(identity: IdentityPath, open: () => Promise<QueueState<Note>>): Queue {
    const queue: Queue = new DurableQueue<Note>({
      clock,
      rules,
      open,
      onError,
      store: (events, state, extra) => store(identity, events, state, extra),
      wake: () => wakers.wake(identity),
      idle: () => {
        if (queues.get(identity) === queue) queues.delete(identity);
      },
    });
    queues.set(identity, queue);
    return queue;
  }

  /** The queue to put something into. Run a step on it in the same turn: an empty queue is not kept. */
  function queueFor(identity: IdentityPath): Queue {
    return (
      queues.get(identity) ?? addQueue(identity, async () => new QueueState<Note>([], [], await lastSequence(identity)))
    );
  }

  async function store(
    identity: IdentityPath,
    events: readonly QueueEvent<Note>[],
    state: QueueState<Note>,
    extra: readonly DocumentChange[],
  ): Promise<void> {
    const changes = [...changesFor(collections, identity, events), ...extra];
    if (events.some(({ kind }) => kind === 'added'))
      changes.push({ kind: 'put', collection: counters, id: identity, value: { last: state.lastSequence } });
    const told = feedback.prepare(feedbackFor(identity, events, clock.now()));
    await documents.write([...changes, ...told.changes]);
    told.stored();
  }

  async function read(identity: IdentityPath, entry: Entry<Note>): Promise<QueuedMessage | undefined> {
    const value = await documents.get(collections.contents, documentId(identity, entry.sequenceNumber));
    return value === undefined ? undefined : queuedMessage(entry, readContent(value));
  }

  async function readAll<Read extends Entry<Note>>(identity: IdentityPath, entries: readonly Read[]) {
    const found = await Promise.all(entries.map(async (entry) => ({ entry, message: await read(identity, entry) })));
    return found.flatMap(({ entry, message }) => (message === undefined ? [] : [{ entry, message }]));
  }

  return {
    ready,
    async send(identity, message) {
      await ready;
      const generationId = await parts.generationOf(identity);
      checkMessage(message, clock.now());
      const content = contentOf(identity, message);
      const entry = await queueFor(identity).run((draft) => {
        const now = clock.now();
        // The name may have been given anew while the drop of the old queue failed.
        if (draft.entries.some(({ note }) => note.generationId !== generationId)) draft.clear();
        const note = { ack: message.ack, messageId: message.messageId ?? null, generationId };
        const expiresAt = expiryOf(message, now);
        return draft.add({ enqueuedTime: now, expiresAt, note, content: writeContent(content) }, rules);
      });
      return queuedMessage(entry, content);
    },
    async receive(identity, { lockMs }) {
      await ready;
      for (;;) {
        const queue = queues.get(identity);
        const locked = await queue?.lock(lockMs);
        if (queue === undefined || locked === undefined) return undefined;
        const { entry, lockToken } = locked;
        try {
          const message = await read(identity, entry);
          if (message !== undefined) return { ...message, lockToken };
        } catch (error) {
          await queue.settle(lockToken, 'release').catch(onError);
          throw error;
        }
      }
    },
    async settle(identity, lockToken, settlement) {
      await ready;
      await queueFor(identity).settle(lockToken, settlement);
    },
    subscribe: (identity, wake) => wakers.add(identity, wake),
    count: (identity) => queues.get(identity)?.state?.entries.length ?? 0,
    async peek(identity, limit) {
      await ready;
      await parts.generationOf(identity);
      const entries = queues.get(identity)?.state?.entries ?? [];
      return (await readAll(identity, entries.slice(0, limit))).map(({ message }) => message);
    },
    async deadLetters(identity, limit) {
      await ready;
      await parts.generationOf(identity);
      const dead = queues.get(identity)?.state?.dead ?? [];
      const found = await readAll(identity, dead.slice(0, limit));
      return found.map(({ entry, message }) => {
        const { reason, deadLetteredTime } = entry;
        return { ...message, reason, deadLetteredTime };
      });
    },
    async requeue(identity, sequenceNumbers) {
      await ready;
      const generationId = await parts.generationOf(identity);
      const dead = queues.get(identity)?.state?.dead ?? [];
      const wanted = sequenceNumbers === undefined ? undefined : new Set(sequenceNumbers);
      const chosen = dead.filter(({ sequenceNumber }) => wanted?.has(sequenceNumber) ?? true);
      const found = await readAll(identity, chosen);
      return queueFor(identity).run((draft) => {
        const still = new Set(draft.dead.map(({ sequenceNumber }) => sequenceNumber));
        const revived = found
          .filter(({ entry }) => still.has(entry.sequenceNumber))
          .slice(0, rules.capacity - draft.entries.length);
        for (const { entry, message } of revived) {
          const enqueuedTime = clock.now();
          const note = { ...entry.note, generationId };
          const expiresAt = enqueuedTime + defaultLifeMs;
          draft.revive(entry, { enqueuedTime, expiresAt, note, content: writeContent(message) }, rules);
        }
        return revived.length;
      });
    },
    async purge(identity) {
      await ready;
      await parts.generationOf(identity);
      return queueFor(identity).run((draft) => draft.purge());
    },
    async forget(identity) {
      await ready;
      const drop: DocumentChange = { kind: 'delete', collection: counters, id: identity };
      await queueFor(identity).run((draft, bring) => {
        draft.clear();
        bring([drop]);
      });
    },
    async close() {
      await ready.catch(() => undefined);
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };
}

function contentOf(identity: IdentityPath, message: CloudToDeviceMessage): MessageContent {
  return { ...message, to: message.to ?? `${identityResource(identity)}/messages/devicebound` };
}

function queuedMessage(entry: Entry<Note>, content: MessageContent): QueuedMessage {
  const { sequenceNumber, enqueuedTime, expiresAt, deliveryCount, redelivered } = entry;
  return { ...content, sequenceNumber, enqueuedTime, expiresAt, deliveryCount, redelivered };
}

function feedbackFor(identity: IdentityPath, events: readonly QueueEvent<Note>[], time: number): FeedbackRecord[] {
  const { deviceId } = identityNames(identity);
  return events.flatMap((event) => {
    if (event.kind !== 'done' && event.kind !== 'dead') return [];
    const status = event.kind === 'done' ? event.outcome : event.entry.reason;
    const { note } = event.entry;
    return feedbackRecord({ status, ...note, deviceId, time }) ?? [];
  });
}
