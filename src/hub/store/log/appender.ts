/** The writing side: messages gather in batches, batches are committed in groups, callbacks run after the commit. */
import type { Failure } from '../../../errors/index.ts';
import { toFailure } from '../../../errors/index.ts';
import type { MessageSource } from '../../../protocol/telemetry/message.ts';
import type { MessageRun, RunOutcome, RunSettled, Sender } from '../../core/ports.ts';
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
  /** Told of what is stored now, before whoever sent it; the batches are only lent. */
  readonly onCommitted: (heads: Heads, batches: readonly Batch[]) => void;
  /** Told when a `stored` callback threw. */
  readonly onError: (error: unknown) => void;
}

/** Groups on their way to disk at once: one being written, one waiting behind it. */
const groupsInFlight = 2;
/** From this size on a group is sent although another is being written. */
const worthyBytes = 128 * 1024;
/** A group of this size is sent at once; when it cannot be, because enough are on their way, senders have to wait. */
const groupBytes = 2 * 1024 * 1024;
/** Larger buffers are left to the garbage collector rather than kept for use again. */
const largestRecycled = 1024 * 1024;

export class Appender {
  readonly #options: AppenderOptions;
  readonly #partitions = new WeakMap<Sender, number>();
  #writers: (BatchWriter | undefined)[] = [];
  /** What was appended, in order: whom to tell, and of how many messages. */
  #settlers: RunSettled[] = [];
  #counts: number[] = [];
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
    this.note(sender, enqueuedTime, bag, body, stored);
    return this.#go();
  }

  note(sender: Sender, enqueuedTime: number, bag: string, body: Uint8Array, stored: StoredCallback): void {
    const settled: RunSettled = (_first, _count, outcome) => stored(outcome instanceof Error ? outcome : undefined);
    if (this.#refuse(1, settled)) return;
    const writer = this.#writerOf(sender);
    const before = writer.length;
    writer.add(sender, enqueuedTime, bag, body);
    this.#added(writer.length - before, 1, settled);
  }

  storeNotes(): void {
    this.#go();
  }

  appendRun(sender: Sender, enqueuedTime: number, bag: string, run: MessageRun, settled: RunSettled): boolean {
    if (this.#refuse(run.count, settled)) return true;
    const writer = this.#writerOf(sender);
    const before = writer.length;
    writer.addRun(sender, enqueuedTime, bag, run);
    this.#added(writer.length - before, run.count, settled);
    return this.#go();
  }

  drained(): Promise<void> {
    if (!this.#full) return Promise.resolve();
    return new Promise((resolve) => this.#drainWaiters.push(resolve));
  }

  /** Resolves when everything appended so far is stored or has failed, whatever is appended meanwhile. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      // No message: it is told after all that came before it.
      this.#settlers.push(() => resolve());
      this.#counts.push(0);
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

  /** True when the log takes no more. */
  #refuse(count: number, settled: RunSettled): boolean {
    const error = this.#closed;
    if (error === undefined) return false;
    queueMicrotask(() => settled(0, count, error));
    return true;
  }

  #added(bytes: number, count: number, settled: RunSettled): void {
    this.#bytes += bytes;
    this.#settlers.push(settled);
    this.#counts.push(count);
  }

  /** Sees to it that what was added is stored; false when there is so much of it that senders should wait. */
  #go(): boolean {
    if (this.#bytes >= groupBytes) this.#flush();
    else this.#schedule();
    return !this.#full;
  }

  #writerOf(sender: Sender): BatchWriter {
    const partition = sender.source === 'Telemetry' ? this.#partitionOf(sender) : this.#partitionOfEvent(sender);
    let writer = this.#writers[partition];
    if (writer === undefined) {
      writer = new BatchWriter(partition, this.#recycled.pop());
      this.#writers[partition] = writer;
    }
    return writer;
  }

  /** A commit costs much the same whatever it holds, so the group behind the one being written waits until it is worth one. */
  get #mayFlush(): boolean {
    return this.#inFlight === 0 || (this.#inFlight < groupsInFlight && this.#bytes >= worthyBytes);
  }

  #partitionOf(sender: Sender): number {
    let partition = this.#partitions.get(sender);
    if (partition === undefined) {
      partition = partitionOf(sender.deviceId, this.#options.partitions);
      this.#partitions.set(sender, partition);
    }
    return partition;
  }

  #partitionOfEvent({ source, deviceId }: Sender): number {
    const { partitions, routed } = this.#options;
    return routed.has(source) ? partitionOf(deviceId, partitions) : partitions;
  }

  /** Waits for the end of this turn of the event loop, so that all that came in it shares one commit. */
  #schedule(): void {
    if (this.#scheduled || !this.#mayFlush) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#settlers.length === 0 || !this.#mayFlush) return;
    const batches = this.#writers.flatMap((writer) => (writer === undefined ? [] : [writer.seal()]));
    const settlers = this.#settlers;
    const counts = this.#counts;
    this.#writers = [];
    this.#settlers = [];
    this.#counts = [];
    this.#bytes = 0;
    this.#inFlight++;
    void this.#commit(batches, (outcome) => this.#tell(settlers, counts, outcome));
  }

  async #commit(batches: readonly Batch[], tell: (outcome: RunOutcome) => void): Promise<void> {
    let outcome: RunOutcome = 'stored';
    try {
      const { heads, buffers } = await this.#options.commit(batches);
      this.#options.onCommitted(
        heads,
        batches.map((batch, index) => ({ ...batch, buffer: buffers[index] ?? batch.buffer })),
      );
      for (const buffer of buffers) this.#recycle(buffer);
    } catch (error) {
      outcome = toFailure(error);
    }
    this.#inFlight--;
    // First, so that the next group is on its way while the senders of this one are told.
    this.#flush();
    tell(outcome);
    if (this.#full) return;
    for (const wake of this.#drainWaiters.splice(0)) wake();
  }

  #tell(settlers: readonly RunSettled[], counts: readonly number[], outcome: RunOutcome): void {
    for (const [index, settled] of settlers.entries()) {
      try {
        settled(0, counts[index] ?? 0, outcome);
      } catch (mistake) {
        // One caller's mistake must not keep the others from being told.
        this.#options.onError(mistake);
      }
    }
  }

  #recycle(buffer: ArrayBuffer): void {
    const enough = this.#options.partitions * (groupsInFlight + 1);
    if (buffer.byteLength <= largestRecycled && this.#recycled.length < enough) this.#recycled.push(buffer);
  }
}
