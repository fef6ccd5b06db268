/** The reading side: each reader follows the log at its own offset and holds no more than a bounded piece of it. */
import { Failure } from '../../../errors/index.ts';
import type { Clock } from '../../../std/clock.ts';
import type { LogBatch, ReadOptions, Sender, StoredMessage } from '../../core/ports.ts';
import type { Commits } from './commits.ts';
import { senderFilter } from './device-filter.ts';
import { decodeRecords, SenderCache } from './records.ts';
import type { Heads, LogCalls, ScanPart } from './requests.ts';
import type { LogTail } from './tail.ts';

export interface ReaderSource {
  readonly commits: Commits;
  readonly tail: LogTail;
  readonly clock: Clock;
  scan(request: LogCalls['scan']['request']): Promise<LogCalls['scan']['reply']>;
  seek(time: number | undefined): Promise<Heads>;
  /** Resolves when everything appended so far is committed. */
  settled(): Promise<void>;
}

const defaultBatchSize = 1_000;
/** Records of one partition that a reader takes in one go. */
const bytesPerScan = 256 * 1024;
/** A reader whose filter matches nothing still learns its position after so many messages. */
const passedUntilMark = 10_000;

/**
 * Reads the log. Within a partition in order, across partitions by time as far as they are stored when read. The first batch
 * is empty and tells where the reader begins. Ends quietly when the signal aborts or the log closes. Throws Failure `io` when
 * the log cannot be read.
 */
export async function* readLog(source: ReaderSource, options: ReadOptions): AsyncGenerator<LogBatch, void, undefined> {
  const stopped = (): boolean => source.commits.closed || options.signal?.aborted === true;
  const leave = options.follow ? source.tail.follow() : undefined;
  try {
    yield* readUntilStopped(source, options, stopped);
  } catch (error) {
    // A scan that the close of the log cut off.
    if (!stopped()) throw error;
  } finally {
    leave?.();
  }
}

async function* readUntilStopped(
  source: ReaderSource,
  options: ReadOptions,
  stopped: () => boolean,
): AsyncGenerator<LogBatch, void, undefined> {
  const reader = new Reader(source, options, await startPositions(source, options.from));
  const { signal, until } = options;
  const { commits } = source;
  let follow = options.follow;
  let announced = false;
  // Whoever takes only a part of the first messages must know where the other partitions stood.
  if (!stopped()) yield { messages: [], position: reader.position, lost: 0, live: false };
  while (!stopped()) {
    const { heads } = commits;
    const batch = await reader.step(heads);
    if (stopped()) return;
    if (batch.messages.length > 0 || batch.lost > 0 || (batch.live && !announced) || reader.passed >= passedUntilMark) {
      reader.passed = 0;
      yield batch;
    }
    announced = batch.live;
    if (!batch.live) continue;
    if (reader.finished) return;
    if (reader.hasMore(commits.heads)) continue;
    if (!follow) return;
    if (until !== undefined && source.clock.now() >= until) {
      // Messages stamped before `until` may still be on their way to disk.
      await source.settled();
      follow = false;
    } else {
      await waitForMore(source, until, signal);
    }
  }
}

async function startPositions(source: ReaderSource, from: ReadOptions['from']): Promise<Heads> {
  if (from === 'latest') return source.commits.heads;
  if (from === 'earliest') return source.seek(undefined);
  if ('time' in from) return source.seek(from.time);
  // A position beyond the end is one of an older log that was removed: everything in this one is new to the reader.
  return source.commits.heads.map((head, partition) => {
    const next = from.get(partition) ?? 0;
    return next > head ? 0 : next;
  });
}

async function waitForMore(
  { commits, clock }: ReaderSource,
  until: number | undefined,
  signal?: AbortSignal,
): Promise<void> {
  if (until === undefined) return commits.next(signal);
  const timeUp = new AbortController();
  const cancel = clock.after(Math.max(until - clock.now(), 0), () => timeUp.abort());
  try {
    await commits.next(signal === undefined ? timeUp.signal : AbortSignal.any([signal, timeUp.signal]));
  } finally {
    cancel();
  }
}

/** One partition as a reader sees it. */
interface Lane {
  readonly partition: number;
  /** Everything before this has been taken from the log into the queue. */
  scanned: number;
  queue: readonly StoredMessage[];
  /** The first message of the queue that was not given yet. */
  at: number;
  /** Reached a message at or after `until`. */
  done: boolean;
}

class Reader {
  readonly #source: ReaderSource;
  readonly #options: ReadOptions;
  readonly #lanes: readonly Lane[];
  readonly #senders = new SenderCache();
  readonly #accepts: ((sender: Sender) => boolean) | undefined;
  /** Messages passed since the last batch that was given. */
  passed = 0;

  constructor(source: ReaderSource, options: ReadOptions, start: Heads) {
    this.#source = source;
    this.#options = options;
    this.#accepts = senderFilter(options);
    const wanted = partitionFilter(options, start.length - 1);
    this.#lanes = start
      .map((scanned, partition) => ({ partition, scanned, queue: [], at: 0, done: false }))
      .filter(({ partition }) => wanted(partition));
  }

  get finished(): boolean {
    return this.#lanes.every((lane) => lane.done);
  }

  /** True when a partition of this reader has something new. */
  hasMore(heads: Heads): boolean {
    return this.#lanes.some((lane) => hasMore(lane, heads));
  }

  /** The next message to give of each partition. */
  get position(): ReadonlyMap<number, number> {
    return new Map(this.#lanes.map((lane) => [lane.partition, lane.queue[lane.at]?.sequenceNumber ?? lane.scanned]));
  }

  async step(heads: Heads): Promise<LogBatch> {
    const lost = await this.#refill(heads);
    const messages = this.#merge(heads);
    const live = this.#lanes.every((lane) => lane.at === lane.queue.length && !hasMore(lane, heads));
    return { messages, position: this.position, lost, live };
  }

  /** Fetches more for every lane that has run dry; how many messages were lost to retention. */
  async #refill(heads: Heads): Promise<number> {
    const dry = this.#lanes.filter(
      (lane) => lane.at === lane.queue.length && hasMore(lane, heads) && !this.#refillFromTail(lane),
    );
    if (dry.length === 0) return 0;
    const { parts } = await this.#source.scan({
      cursors: dry.map(({ partition, scanned }) => ({ partition, next: scanned })),
      devices: this.#options.devices,
      bytes: bytesPerScan,
    });
    let lost = 0;
    for (const part of parts) {
      const lane = this.#lanes.find(({ partition }) => partition === part.partition);
      if (lane === undefined) continue;
      lane.queue = this.#decode(part, lane.scanned);
      lane.at = 0;
      this.passed += part.next - lane.scanned;
      lane.scanned = part.next;
      lost += part.lost;
    }
    return lost;
  }

  /** False when what comes next must be read from the disk. */
  #refillFromTail(lane: Lane): boolean {
    const { partition, scanned: from } = lane;
    const segments = this.#source.tail.from(partition, from);
    const next = segments?.at(-1)?.next;
    if (segments === undefined || next === undefined) return false;
    const [accepts, senders] = [this.#accepts, this.#senders];
    lane.queue = segments.flatMap(({ first, records }) =>
      decodeRecords(records, { partition, first, from, accepts, senders }),
    );
    lane.at = 0;
    lane.scanned = next;
    this.passed += next - from;
    return true;
  }

  #decode({ partition, runs, buffer }: ScanPart, from: number): readonly StoredMessage[] {
    const accepts = this.#accepts;
    const senders = this.#senders;
    try {
      const messages = runs.map(({ first, start, end }) =>
        decodeRecords(Buffer.from(buffer, start, end - start), { partition, first, from, accepts, senders }),
      );
      return messages.length === 1 ? (messages[0] ?? []) : messages.flat();
    } catch (cause) {
      throw new Failure('io', `partition ${partition} of the telemetry log is damaged at ${from}`, { cause });
    }
  }

  /** The next messages of all lanes by time; stops where a lane must be refilled first. */
  #merge(heads: Heads): StoredMessage[] {
    const limit = this.#options.batchSize ?? defaultBatchSize;
    const messages: StoredMessage[] = [];
    while (messages.length < limit) {
      let earliest: StoredMessage | undefined;
      let owner: Lane | undefined;
      for (const lane of this.#lanes) {
        const message = lane.queue[lane.at];
        if (message === undefined) {
          if (hasMore(lane, heads)) return messages;
        } else if (earliest === undefined || message.enqueuedTime < earliest.enqueuedTime) {
          earliest = message;
          owner = lane;
        }
      }
      if (earliest === undefined || owner === undefined) return messages;
      if (this.#options.until !== undefined && earliest.enqueuedTime >= this.#options.until) {
        finishLane(owner, earliest.sequenceNumber);
      } else {
        owner.at++;
        messages.push(earliest);
      }
    }
    return messages;
  }
}

/** The last partition holds the events that are not routed; a reader that names no source does not look there. */
function partitionFilter({ partition: only, sources }: ReadOptions, events: number): (partition: number) => boolean {
  if (only !== undefined) return (partition) => partition === only && partition < events;
  const withEvents = sources?.some((source) => source !== 'Telemetry') === true;
  return (partition) => partition < events || withEvents;
}

function hasMore(lane: Lane, heads: Heads): boolean {
  return !lane.done && lane.scanned < (heads[lane.partition] ?? 0);
}

function finishLane(lane: Lane, sequenceNumber: number): void {
  lane.done = true;
  lane.scanned = sequenceNumber;
  lane.queue = [];
  lane.at = 0;
}
