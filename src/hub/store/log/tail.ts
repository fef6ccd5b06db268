/** Records of one commit in one partition. */
export interface TailSegment {
  /** The sequence number of the first message. */
  readonly first: number;
  readonly next: number;
  readonly records: Buffer;
}

/** What is kept of each partition, bytes of records; a commit that is larger is not kept. */
const keptBytes = 128 * 1024;

/** Where the records of a commit lie. */
interface Place {
  readonly first: number;
  readonly next: number;
  start: number;
  end: number;
}

/** One piece of memory for good: pieces for each commit would live long enough to wait for a full collection, tens of megabytes of them. */
interface Lane {
  readonly places: Place[];
  readonly memory: Buffer;
}

/**
 * What was committed last, in memory: who follows the log stands at its end, and gets a message without a way to the disk and back.
 * Nothing is kept while nobody follows.
 */
export class LogTail {
  readonly #lanes: Lane[] = [];
  #followers = 0;

  get followers(): number {
    return this.#followers;
  }

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
    const lane = (this.#lanes[partition] ??= { places: [], memory: Buffer.allocUnsafeSlow(keptBytes * 2) });
    const { places, memory } = lane;
    const first = next - count;
    const fits = records.length <= keptBytes;
    if (!fits || places.at(-1)?.next !== first) places.length = 0;
    if (!fits) return;
    while ((places.at(-1)?.end ?? 0) - (places[0]?.start ?? 0) + records.length > keptBytes) places.shift();
    if ((places.at(-1)?.end ?? 0) + records.length > memory.length) moveToFront(lane);
    const start = places.at(-1)?.end ?? 0;
    memory.set(records, start);
    places.push({ first, next, start, end: start + records.length });
  }

  /** All that was committed from this number on, the first of it maybe amid a segment; undefined when it is not here any more. */
  from(partition: number, sequenceNumber: number): readonly TailSegment[] | undefined {
    const lane = this.#lanes[partition];
    const index = lane?.places.findIndex(({ first, next }) => first <= sequenceNumber && sequenceNumber < next) ?? -1;
    if (lane === undefined || index < 0) return undefined;
    // Copies: their memory is written again, and whoever reads keeps parts of what it got.
    return lane.places.slice(index).map(({ first, next, start, end }) => ({
      first,
      next,
      records: Buffer.from(lane.memory.subarray(start, end)),
    }));
  }
}

function moveToFront({ places, memory }: Lane): void {
  const from = places[0]?.start ?? 0;
  memory.copyWithin(0, from, places.at(-1)?.end ?? 0);
  for (const place of places) {
    place.start -= from;
    place.end -= from;
  }
}
