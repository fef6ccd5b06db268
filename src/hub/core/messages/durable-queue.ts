import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../std/clock.ts';
import type { DocumentChange } from '../ports.ts';
import type { Entry, QueueEvent, QueueRules, QueueState } from './queue-state.ts';
import type { Settlement } from './service.ts';

export interface DurableQueueParts<Note> {
  readonly clock: Clock;
  readonly rules: QueueRules;
  /** The queue as it is stored; asked once, before the first step. */
  readonly open: () => Promise<QueueState<Note>>;
  /** Stores what steps did, all of it or nothing; `extra` are changes that a step brought along. */
  readonly store: (
    events: readonly QueueEvent<Note>[],
    state: QueueState<Note>,
    extra: readonly DocumentChange[],
  ) => Promise<void>;
  /** A message can be locked that could not be before. */
  readonly wake: () => void;
  /** Nothing is left in the queue and nothing is being done with it. */
  readonly idle?: (() => void) | undefined;
  /** Told when messages that are too old could not be taken out; it is tried again. */
  readonly onError: (error: unknown) => void;
}

type Step<Note, Result> = (draft: QueueState<Note>, bring: (changes: readonly DocumentChange[]) => void) => Result;

interface Waiting<Note> {
  /** True for steps that may go ahead when nothing can be stored: a lock, or its end. */
  readonly isInMemory: boolean;
  readonly perform: (draft: QueueState<Note>, bring: (changes: readonly DocumentChange[]) => void) => void;
  readonly succeed: () => void;
  readonly fail: (error: unknown) => void;
}

const retryMs = 5_000;

/**
 * A queue whose steps are on disk when they are answered. Steps run in the order they were asked for; those that come while
 * others are being stored share the next write. Locks are kept in memory alone: a hub that starts again has none.
 */
export class DurableQueue<Note> {
  readonly #parts: DurableQueueParts<Note>;
  #state: QueueState<Note> | undefined;
  #waiting: Waiting<Note>[] = [];
  #running: Promise<void> | undefined;
  readonly #lockTimers = new Map<string, () => void>();
  #cancelExpiry: (() => void) | undefined;
  #expiryAt: number | undefined;
  #closed = false;

  constructor(parts: DurableQueueParts<Note>) {
    this.#parts = parts;
  }

  /** The queue as last stored; undefined before the first step. */
  get state(): QueueState<Note> | undefined {
    return this.#state;
  }

  /** Runs one step. What it throws goes to its caller alone. */
  run<Result>(step: Step<Note, Result>, { isInMemory = false } = {}): Promise<Result> {
    return new Promise((resolve, reject) => {
      let result: Result;
      this.#waiting.push({
        isInMemory,
        perform: (draft, bring) => {
          result = step(draft, bring);
        },
        succeed: () => resolve(result),
        fail: reject,
      });
      this.#running ??= this.#work();
    });
  }

  /** Locks the oldest message that nobody holds, for a time or until it is settled. */
  async lock(lockMs?: number): Promise<{ readonly entry: Entry<Note>; readonly lockToken: string } | undefined> {
    const lockToken = randomUUID();
    const entry = await this.run((draft) => draft.lock(lockToken), { isInMemory: true });
    if (entry === undefined) return undefined;
    if (lockMs !== undefined) this.#loseLater(lockToken, lockMs);
    return { entry, lockToken };
  }

  /** Failure: DeviceMessageLockLost. */
  async settle(lockToken: string, settlement: Settlement): Promise<void> {
    await this.run((draft) => draft.settle(lockToken, settlement, this.#parts.clock.now(), this.#parts.rules), {
      isInMemory: settlement === 'release',
    });
    this.#lockTimers.get(lockToken)?.();
    this.#lockTimers.delete(lockToken);
  }

  /** Stops the timers; resolves when what was asked for is done. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelExpiry?.();
    for (const cancel of this.#lockTimers.values()) cancel();
    this.#lockTimers.clear();
    await this.#running;
  }

  async #work(): Promise<void> {
    // Steps of the same turn share a write.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#performAll(this.#waiting.splice(0));
    this.#running = undefined;
    const state = this.#state;
    if (state !== undefined && state.entries.length === 0 && state.dead.length === 0) {
      this.#cancelExpiry?.();
      this.#parts.idle?.();
    }
  }

  async #performAll(batch: readonly Waiting<Note>[]): Promise<void> {
    try {
      this.#state ??= await this.#parts.open();
      const draft = this.#state.draft();
      draft.expire(this.#parts.clock.now(), this.#parts.rules);
      const extra: DocumentChange[] = [];
      const performed = batch.filter((waiting) => perform(waiting, draft, (changes) => extra.push(...changes)));
      if (draft.events.length > 0 || extra.length > 0) await this.#parts.store(draft.events, draft, extra);
      this.#become(draft);
      for (const { succeed } of performed) succeed();
      this.#scheduleExpiry();
    } catch (error) {
      this.#performInMemory(batch.filter(({ isInMemory }) => isInMemory));
      for (const { fail } of batch) fail(error);
    }
  }

  /** A full disk must not keep a message locked for ever. That it came back is stored with its next change. */
  #performInMemory(batch: readonly Waiting<Note>[]): void {
    const draft = this.#state?.draft();
    if (draft === undefined) return;
    const performed = batch.filter((waiting) => perform(waiting, draft, () => undefined));
    this.#become(draft);
    for (const { succeed } of performed) succeed();
  }

  #become(draft: QueueState<Note>): void {
    const couldLock = this.#state?.available === true;
    const changed = draft.events.splice(0).length > 0;
    this.#state = draft;
    if (draft.available && (changed || !couldLock)) this.#parts.wake();
  }

  #loseLater(lockToken: string, lockMs: number): void {
    const lose = (): void => {
      this.#lockTimers.delete(lockToken);
      // Settled in the meantime, or expired: then there is no lock to lose.
      this.settle(lockToken, 'release').catch(() => undefined);
    };
    if (!this.#closed) this.#lockTimers.set(lockToken, this.#parts.clock.after(lockMs, lose, { unref: true }));
  }

  #scheduleExpiry(retry = false): void {
    const next = this.#state?.nextExpiry;
    if (!retry && next === this.#expiryAt) return;
    this.#cancelExpiry?.();
    this.#cancelExpiry = undefined;
    this.#expiryAt = next;
    if (next === undefined || this.#closed) return;
    const wait = retry ? retryMs : Math.max(next - this.#parts.clock.now(), 0);
    this.#cancelExpiry = this.#parts.clock.after(wait, () => this.#expire(), { unref: true });
  }

  /** Every step begins with taking out what is too old, so one that does nothing is enough. */
  #expire(): void {
    this.#expiryAt = undefined;
    this.run(() => undefined).then(
      () => this.#scheduleExpiry(),
      (error: unknown) => {
        this.#parts.onError(error);
        this.#scheduleExpiry(true);
      },
    );
  }
}

/** False when the step refused; its caller has been told. */
function perform<Note>(
  waiting: Waiting<Note>,
  draft: QueueState<Note>,
  bring: (changes: readonly DocumentChange[]) => void,
): boolean {
  try {
    waiting.perform(draft, bring);
    return true;
  } catch (error) {
    waiting.fail(error);
    return false;
  }
}
