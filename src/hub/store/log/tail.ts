/** Records of one commit in one partition. */
export interface TailSegment {
  /** The sequence number of the first message. */
  readonly first: number;
  readonly next: number;
  readonly records: Buffer;
}

/** What is kept of each partition, bytes of records; a commit that is larger is not kept. */
const keptBytes = 128 * 1024;

interface Lane {
  readonly segments: TailSegment[];
  bytes: number;
}

/**
 * What was committed last, in memory: who follows the log stands at its end, and gets a message without a way to the disk and back.
 * Nothing is kept while nobody follows.
 */
export class LogTail {
  readonly #lanes: Lane[] = [];
  #followers = 0;

  /** Begins to keep what is committed from now on, until the answer is called. */
  follow(): () => void {
    this.#followers++;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      if (--this.#followers === 0) this.#lanes.length = 0;
    };
  }

  /** A commit has put so many messages before `next`. The records are copied: their buffer is used again. */
  add(partition: number, next: number, count: number, records: Uint8Array): void {
    if (this.#followers === 0) return;
    const lane = (this.#lanes[partition] ??= { segments: [], bytes: 0 });
    const first = next - count;
    const fits = records.length <= keptBytes;
    if (!fits || lane.segments.at(-1)?.next !== first) {
      lane.segments.length = 0;
      lane.bytes = 0;
    }
    if (!fits) return;
    lane.segments.push({ first, next, records: Buffer.from(records) });
    lane.bytes += records.length;
    while (lane.bytes > keptBytes) lane.bytes -= lane.segments.shift()?.records.length ?? 0;
  }

  /** All that was committed from this number on, the first of it maybe amid a segment; undefined when it is not here any more. */
  from(partition: number, sequenceNumber: number): readonly TailSegment[] | undefined {
    const segments = this.#lanes[partition]?.segments ?? [];
    const index = segments.findIndex(({ first, next }) => first <= sequenceNumber && sequenceNumber < next);
    return index < 0 ? undefined : segments.slice(index);
  }
}
