import type { Clock } from '../../../std/clock.ts';
import { identityNames, isModulePath, type IdentityPath } from '../../../protocol/identity-path.ts';
import type { DocumentChange, DocumentStore } from '../ports.ts';
import { DurableQueue } from './durable-queue.ts';
import { feedbackRecord, type FeedbackCollector, type FeedbackRecord } from './feedback.ts';
import { changesFor, documentsOf, queueOf, readEntry } from './queue-documents.ts';
import { QueueState, type DeadEntry, type Entry, type QueueEvent, type QueueRules } from './queue-state.ts';
import type { FeedbackRequest } from './service.ts';
import { createWakers } from './wakers.ts';

/** Source: device.md §8. */
export const deviceQueueRules: QueueRules = { capacity: 50, maxDeliveryCount: 10, deadLetters: 50 };

export const messageCollections = { headers: 'message-headers', contents: 'message-contents' };
/** The last sequence number of each identity that ever got a message. */
const counters = 'message-counters';
const identitiesAtOnce = 500;
const countersAtOnce = 1_000;

/** What a queue knows of a message without reading it: what its feedback needs. */
export type MessageNote = { ack: FeedbackRequest; messageId: string | null; generationId: string };

export type DeviceQueue = DurableQueue<MessageNote>;
type StoredEntry = Entry<MessageNote> | DeadEntry<MessageNote>;

export interface DeviceQueueParts {
  readonly documents: DocumentStore;
  readonly clock: Clock;
  readonly feedback: FeedbackCollector;
  /** The generations of those identities that exist. */
  readonly generationsOf: (identities: readonly IdentityPath[]) => Promise<ReadonlyMap<IdentityPath, string>>;
  readonly onError: (error: unknown) => void;
  /** Told of what happened to messages, after it was stored. */
  readonly told?: ((identity: IdentityPath, events: readonly QueueEvent<MessageNote>[]) => void) | undefined;
}

/** The queues of all identities; only those that hold something are in memory. */
export interface DeviceQueues {
  /** Reads what an earlier run left. */
  load(): Promise<void>;
  /** The queue of an identity if it holds anything. */
  find(identity: IdentityPath): DeviceQueue | undefined;
  /** The queue to put something into. Run a step on it in the same turn: an empty queue is not kept. */
  obtain(identity: IdentityPath): DeviceQueue;
  subscribe(identity: IdentityPath, wake: () => void): () => void;
  /** Drops everything of an identity that was deleted, and of its modules. */
  forget(identity: IdentityPath): Promise<void>;
  /** Resolves when every step is stored. */
  close(): Promise<void>;
}

export function createDeviceQueues(parts: DeviceQueueParts): DeviceQueues {
  const { documents, clock, feedback, onError, generationsOf } = parts;
  const queues = new Map<IdentityPath, DeviceQueue>();
  /** Of each device those modules that have a queue. */
  const members = new Map<string, Set<IdentityPath>>();
  const wakers = createWakers<IdentityPath>();

  /** Messages of an earlier owner of the name, or of none, are of no use: the hub stopped before it could drop them. */
  async function restore(identity: IdentityPath, entries: readonly StoredEntry[], generationId: string | undefined) {
    const last = Math.max(await lastSequence(identity), ...entries.map(({ sequenceNumber }) => sequenceNumber));
    const dead = entries.filter((entry) => 'reason' in entry);
    const waiting = entries.filter((entry) => !('reason' in entry));
    const queue = add(identity, () => Promise.resolve(new QueueState(waiting, dead, last)));
    const isOurs = entries.every(({ note }) => note.generationId === generationId);
    await queue.run((draft) => (isOurs ? undefined : draft.clear()));
  }

  async function lastSequence(identity: IdentityPath): Promise<number> {
    return Number((await documents.get(counters, identity))?.['last'] ?? 0);
  }

  function add(identity: IdentityPath, open: () => Promise<QueueState<MessageNote>>): DeviceQueue {
    const queue: DeviceQueue = new DurableQueue<MessageNote>({
      clock,
      rules: deviceQueueRules,
      open,
      onError,
      store: (events, state, extra) => store(identity, events, state, extra),
      wake: () => wakers.wake(identity),
      idle: () => {
        if (queues.get(identity) === queue) remove(identity);
      },
    });
    queues.set(identity, queue);
    if (isModulePath(identity)) {
      const { deviceId } = identityNames(identity);
      members.set(deviceId, (members.get(deviceId) ?? new Set()).add(identity));
    }
    return queue;
  }

  function remove(identity: IdentityPath): void {
    queues.delete(identity);
    const { deviceId } = identityNames(identity);
    const modules = members.get(deviceId);
    if (modules?.delete(identity) === true && modules.size === 0) members.delete(deviceId);
  }

  async function store(
    identity: IdentityPath,
    events: readonly QueueEvent<MessageNote>[],
    state: QueueState<MessageNote>,
    extra: readonly DocumentChange[],
  ): Promise<void> {
    const changes = [...changesFor(messageCollections, identity, events), ...extra];
    if (events.some(({ kind }) => kind === 'added'))
      changes.push({ kind: 'put', collection: counters, id: identity, value: { last: state.lastSequence } });
    const told = feedback.prepare(feedbackFor(identity, events, clock.now()));
    await documents.write([...changes, ...told.changes]);
    told.stored();
    parts.told?.(identity, events);
  }

  const service: DeviceQueues = {
    async load() {
      const found = new Map<IdentityPath, StoredEntry[]>();
      for await (const { id, value } of documentsOf(documents, messageCollections.headers)) {
        const entry = readEntry<MessageNote>(value);
        // One damaged message must not keep the hub from starting.
        if (entry === undefined) {
          onError(new Error(`the stored message ${id} cannot be read`));
          continue;
        }
        const entries = found.get(queueOf(id)) ?? [];
        found.set(queueOf(id), entries);
        entries.push(entry);
      }
      const identities = [...found.keys()];
      for (let at = 0; at < identities.length; at += identitiesAtOnce) {
        const page = identities.slice(at, at + identitiesAtOnce);
        const generations = await generationsOf(page);
        await Promise.all(page.map((name) => restore(name, found.get(name) ?? [], generations.get(name))));
      }
    },
    find: (identity) => queues.get(identity),
    obtain: (identity) =>
      queues.get(identity) ?? add(identity, async () => new QueueState([], [], await lastSequence(identity))),
    subscribe: (identity, wake) => wakers.add(identity, wake),
    async forget(identity) {
      const gone = [identity, ...(members.get(identity) ?? [])];
      await Promise.all(
        gone.map((name) =>
          service.obtain(name).run((draft, bring) => {
            draft.clear();
            bring([{ kind: 'delete', collection: counters, id: name }]);
          }),
        ),
      );
      if (!isModulePath(identity)) await forgetCounters(identity);
    },
    async close() {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };

  /** Modules whose queues are empty have left no more than these. */
  async function forgetCounters(deviceId: string): Promise<void> {
    const left = await documents.list(counters, { prefix: `${deviceId}/`, limit: countersAtOnce });
    if (left.length === 0) return;
    const known = await generationsOf(left.map(({ id }) => id));
    const gone = left.filter(({ id }) => !known.has(id) && !queues.has(id));
    await documents.write(gone.map(({ id }) => ({ kind: 'delete', collection: counters, id })));
  }

  return service;
}

function feedbackFor(
  identity: IdentityPath,
  events: readonly QueueEvent<MessageNote>[],
  time: number,
): FeedbackRecord[] {
  const { deviceId } = identityNames(identity);
  return events.flatMap((event) => {
    if (event.kind !== 'done' && event.kind !== 'dead') return [];
    const status = event.kind === 'done' ? event.outcome : event.entry.reason;
    return feedbackRecord({ status, ...event.entry.note, deviceId, time }) ?? [];
  });
}
