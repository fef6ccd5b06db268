/** What a queue of messages is, apart from time, storage and waiting: a value that steps change. Source: device.md §8. */
import { HubError } from '../../../protocol/hub-errors.ts';
import type { JsonObject } from '../../../std/json.ts';
import type { DeadLetterReason, Settlement } from './service.ts';

export interface QueueRules {
  /** Messages that wait or are locked. */
  readonly capacity: number;
  /** A message that was abandoned this often becomes a dead letter. */
  readonly maxDeliveryCount: number;
  /** Dead letters kept; of more the oldest go. */
  readonly deadLetters: number;
}

/** A message as its queue knows it; what it says is stored elsewhere. */
export interface Entry<Note> {
  readonly sequenceNumber: number;
  readonly enqueuedTime: number;
  readonly expiresAt: number;
  readonly deliveryCount: number;
  /** True when it came back from a receiver. */
  readonly redelivered: boolean;
  /** What the owner of the queue needs to know without reading the message. */
  readonly note: Note;
}

export interface DeadEntry<Note> extends Entry<Note> {
  readonly reason: DeadLetterReason;
  readonly deadLetteredTime: number;
}

/** What a step did to the queue; storage and feedback follow from it. */
export type QueueEvent<Note> =
  | { readonly kind: 'added'; readonly entry: Entry<Note>; readonly content: JsonObject }
  /** Came back, with other counts. */
  | { readonly kind: 'returned'; readonly entry: Entry<Note> }
  | { readonly kind: 'done'; readonly entry: Entry<Note>; readonly outcome: 'Success' | 'Purged' }
  | { readonly kind: 'dead'; readonly entry: DeadEntry<Note> }
  /** Gone without a trace: a dead letter that is not kept any longer, or a message of a deleted identity. */
  | { readonly kind: 'dropped'; readonly entry: Entry<Note> };

export interface NewEntry<Note> {
  readonly enqueuedTime: number;
  readonly expiresAt: number;
  readonly note: Note;
  /** What the message says; stored, not kept. */
  readonly content: JsonObject;
}

/** Steps either throw and change nothing, or change the state and note what they did in {@link QueueState.events}. */
export class QueueState<Note> {
  /** Oldest first; locked ones keep their place, so that what comes back is next again. */
  #entries: Entry<Note>[];
  #dead: DeadEntry<Note>[];
  #lastSequence: number;
  readonly #tokens: Map<string, number>;
  readonly #locked: Set<number>;
  readonly events: QueueEvent<Note>[] = [];

  constructor(
    entries: readonly Entry<Note>[],
    dead: readonly DeadEntry<Note>[],
    lastSequence: number,
    tokens: ReadonlyMap<string, number> = new Map(),
  ) {
    this.#entries = [...entries];
    this.#dead = [...dead];
    this.#lastSequence = lastSequence;
    this.#tokens = new Map(tokens);
    this.#locked = new Set(tokens.values());
  }

  /** A copy to try steps on; it has no events yet. */
  draft(): QueueState<Note> {
    return new QueueState(this.#entries, this.#dead, this.#lastSequence, this.#tokens);
  }

  get entries(): readonly Entry<Note>[] {
    return this.#entries;
  }

  get dead(): readonly DeadEntry<Note>[] {
    return this.#dead;
  }

  get lastSequence(): number {
    return this.#lastSequence;
  }

  isLocked({ sequenceNumber }: Entry<Note>): boolean {
    return this.#locked.has(sequenceNumber);
  }

  /** True when some message could be locked. */
  get available(): boolean {
    return this.#entries.length > this.#locked.size;
  }

  /** When the first of the messages expires; undefined when there are none. */
  get nextExpiry(): number | undefined {
    let next: number | undefined;
    for (const { expiresAt } of this.#entries) if (next === undefined || expiresAt < next) next = expiresAt;
    return next;
  }

  /** Failure: DeviceMaximumQueueDepthExceeded. */
  add({ content, ...message }: NewEntry<Note>, rules: QueueRules): Entry<Note> {
    if (this.#entries.length >= rules.capacity)
      throw new HubError('DeviceMaximumQueueDepthExceeded', `The queue holds ${rules.capacity} messages already.`);
    const entry = { ...message, sequenceNumber: ++this.#lastSequence, deliveryCount: 0, redelivered: false };
    this.#entries.push(entry);
    this.events.push({ kind: 'added', entry, content });
    return entry;
  }

  /** Locks the oldest message that nobody holds. */
  lock(token: string): Entry<Note> | undefined {
    const entry = this.#entries.find(({ sequenceNumber }) => !this.#locked.has(sequenceNumber));
    if (entry === undefined) return undefined;
    this.#tokens.set(token, entry.sequenceNumber);
    this.#locked.add(entry.sequenceNumber);
    return entry;
  }

  /** Failure: DeviceMessageLockLost. */
  settle(token: string, settlement: Settlement, now: number, rules: QueueRules): void {
    const sequenceNumber = this.#tokens.get(token);
    const entry = this.#entries.find((candidate) => candidate.sequenceNumber === sequenceNumber);
    if (entry === undefined)
      throw new HubError('DeviceMessageLockLost', 'The lock of the message is lost, or it never was.');
    this.#unlock(entry);
    if (settlement === 'complete') {
      this.#remove(entry);
      this.events.push({ kind: 'done', entry, outcome: 'Success' });
    } else if (settlement === 'reject') {
      this.#bury(entry, 'Rejected', now, rules);
    } else {
      this.#giveBack(entry, settlement === 'abandon' ? 1 : 0, now, rules);
    }
  }

  /** Dead-letters what is too old, locked or not. */
  expire(now: number, rules: QueueRules): void {
    for (const entry of this.#entries.filter(({ expiresAt }) => expiresAt <= now)) {
      this.#unlock(entry);
      this.#bury(entry, 'Expired', now, rules);
    }
  }

  /** Empties the queue, dead letters too; answers how many messages were waiting or locked. */
  purge(): number {
    const purged = this.#entries;
    this.#entries = [];
    this.#tokens.clear();
    this.#locked.clear();
    for (const entry of purged) this.events.push({ kind: 'done', entry, outcome: 'Purged' });
    this.#dropDead(this.#dead.length);
    return purged.length;
  }

  /** Makes room; nobody is told. */
  dropOldest(): void {
    const entry = this.#entries[0];
    if (entry === undefined) return;
    this.#unlock(entry);
    this.#remove(entry);
    this.events.push({ kind: 'dropped', entry });
  }

  /** Forgets everything; nobody is told. */
  clear(): void {
    for (const entry of this.#entries) this.events.push({ kind: 'dropped', entry });
    this.#entries = [];
    this.#tokens.clear();
    this.#locked.clear();
    this.#dropDead(this.#dead.length);
  }

  /** Puts one dead letter at the end of the queue as a new message. Failure: DeviceMaximumQueueDepthExceeded. */
  revive(dead: DeadEntry<Note>, message: NewEntry<Note>, rules: QueueRules): Entry<Note> {
    const entry = this.add(message, rules);
    this.#dead = this.#dead.filter(({ sequenceNumber }) => sequenceNumber !== dead.sequenceNumber);
    this.events.push({ kind: 'dropped', entry: dead });
    return entry;
  }

  #giveBack(entry: Entry<Note>, deliveries: number, now: number, rules: QueueRules): void {
    const returned = { ...entry, deliveryCount: entry.deliveryCount + deliveries, redelivered: true };
    this.#entries[this.#entries.indexOf(entry)] = returned;
    if (returned.deliveryCount >= rules.maxDeliveryCount) this.#bury(returned, 'DeliveryCountExceeded', now, rules);
    else if (deliveries > 0 || !entry.redelivered) this.events.push({ kind: 'returned', entry: returned });
  }

  #bury(entry: Entry<Note>, reason: DeadLetterReason, now: number, rules: QueueRules): void {
    this.#remove(entry);
    const dead = { ...entry, reason, deadLetteredTime: now };
    this.#dead.push(dead);
    this.events.push({ kind: 'dead', entry: dead });
    this.#dropDead(this.#dead.length - rules.deadLetters);
  }

  #dropDead(count: number): void {
    if (count <= 0) return;
    for (const entry of this.#dead.splice(0, count)) this.events.push({ kind: 'dropped', entry });
  }

  #remove(entry: Entry<Note>): void {
    this.#entries.splice(this.#entries.indexOf(entry), 1);
  }

  #unlock(entry: Entry<Note>): void {
    if (!this.#locked.delete(entry.sequenceNumber)) return;
    for (const [token, sequenceNumber] of this.#tokens)
      if (sequenceNumber === entry.sequenceNumber) this.#tokens.delete(token);
  }
}
