/** The writing side: messages gather in batches, batches are committed in groups, callbacks run after the commit. */
import type { Failure } from '../../../errors/index.ts';
import { toFailure } from '../../../errors/index.ts';
import type { MessageSource } from '../../../protocol/telemetry/message.ts';
import type { Sender } from '../../core/ports.ts';
import { partitionOf } from './partition.ts';
import type { Batch } from './records.ts';
import { BatchWriter } from './records.ts';
import type { Heads } from './requests.ts';

export type StoredCallback = (error?: Error) => void;

export interface AppenderOptions {
  /** Partitions of telemetry; the one after them takes the events that are not routed. */
  readonly partitions: number;
  /** Sources of events that go where telemetry goes. */
  readonly routed: ReadonlySet<MessageSource>;
  /** Commits the batches in one transaction; calls are made in order and must settle in order. */
  readonly commit: (
    batches: readonly Batch[],
  ) => Promise<{ readonly heads: Heads; readonly buffers: readonly ArrayBuffer[] }>;
  readonly onCommitted: (heads: Heads) => void;
  /** Told when a `stored` callback threw. */
  readonly onError: (error: unknown) => void;
}

/** Groups on their way to disk at once: one being written, one waiting behind it. */
const groupsInFlight = 2;
/** A group of this size is sent at once; when it cannot be, because enough are on their way, senders have to wait. */
const groupBytes = 2 * 1024 * 1024;
/** Larger buffers are left to the garbage collector rather than kept for use again. */
const largestRecycled = 1024 * 1024;

export class Appender {
  readonly #options: AppenderOptions;
  readonly #partitions = new WeakMap<Sender, number>();
  #writers: (BatchWriter | undefined)[] = [];
  #callbacks: StoredCallback[] = [];
  #bytes = 0;
  #inFlight = 0;
  #scheduled = false;
  #closed: Failure | undefined;
  #drainWaiters: (() => void)[] = [];
  readonly #recycled: ArrayBuffer[] = [];

  constructor(options: AppenderOptions) {
    this.#options = options;
  }

  append(sender: Sender, enqueuedTime: number, bag: string, body: Uint8Array, stored: StoredCallback): boolean {
    if (this.#closed !== undefined) {
      const error = this.#closed;
      queueMicrotask(() => stored(error));
      return true;
    }
    const writer = this.#writerOf(sender);
    const before = writer.length;
    writer.add(sender, enqueuedTime, bag, body);
    this.#bytes += writer.length - before;
    this.#callbacks.push(stored);
    if (this.#bytes >= groupBytes) this.#flush();
    else this.#schedule();
    return !this.#full;
  }

  drained(): Promise<void> {
    if (!this.#full) return Promise.resolve();
    return new Promise((resolve) => this.#drainWaiters.push(resolve));
  }

  /** Resolves when everything appended so far is stored or has failed, whatever is appended meanwhile. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      // A callback without a message: it runs after all that came before it.
      this.#callbacks.push(() => resolve());
      this.#flush();
    });
  }

  /** Later messages get `reason`; resolves when the earlier ones are stored. */
  async close(reason: Failure): Promise<void> {
    this.#closed ??= reason;
    await this.settled();
  }

  get #full(): boolean {
    return this.#bytes >= groupBytes;
  }

  #writerOf(sender: Sender): BatchWriter {
    let partition = this.#partitions.get(sender);
    if (partition === undefined) {
      const { partitions, routed } = this.#options;
      const beside = sender.source !== 'Telemetry' && !routed.has(sender.source);
      partition = beside ? partitions : partitionOf(sender.deviceId, partitions);
      this.#partitions.set(sender, partition);
    }
    let writer = this.#writers[partition];
    if (writer === undefined) {
      writer = new BatchWriter(partition, this.#recycled.pop());
      this.#writers[partition] = writer;
    }
    return writer;
  }

  /** Waits for the end of this turn of the event loop, so that all that came in it shares one commit. */
  #schedule(): void {
    if (this.#scheduled || this.#inFlight >= groupsInFlight) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#callbacks.length === 0 || this.#inFlight >= groupsInFlight) return;
    const batches = this.#writers.flatMap((writer) => (writer === undefined ? [] : [writer.seal()]));
    const callbacks = this.#callbacks;
    this.#writers = [];
    this.#callbacks = [];
    this.#bytes = 0;
    this.#inFlight++;
    void this.#commit(batches, callbacks);
  }

  async #commit(batches: readonly Batch[], callbacks: readonly StoredCallback[]): Promise<void> {
    let failure: Failure | undefined;
    try {
      const { heads, buffers } = await this.#options.commit(batches);
      for (const buffer of buffers) this.#recycle(buffer);
      this.#options.onCommitted(heads);
    } catch (error) {
      failure = toFailure(error);
    }
    this.#settle(callbacks, failure);
  }

  #settle(callbacks: readonly StoredCallback[], error?: Failure): void {
    this.#inFlight--;
    // Before the callbacks, so that the next group is on its way while they run.
    this.#flush();
    for (const stored of callbacks) this.#call(stored, error);
    if (this.#full) return;
    for (const wake of this.#drainWaiters.splice(0)) wake();
  }

  /** One caller's mistake must not keep the others from their callbacks. */
  #call(stored: StoredCallback, error: Failure | undefined): void {
    try {
      stored(error);
    } catch (mistake) {
      this.#options.onError(mistake);
    }
  }

  #recycle(buffer: ArrayBuffer): void {
    const enough = this.#options.partitions * (groupsInFlight + 1);
    if (buffer.byteLength <= largestRecycled && this.#recycled.length < enough) this.#recycled.push(buffer);
  }
}
