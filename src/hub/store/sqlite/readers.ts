import { HubError } from '../../../protocol/hub-errors.ts';
import type { Clock } from '../../../std/clock.ts';
import type { DatabaseError } from './thread/errors.ts';
import type { QueryReply, SqlValue } from './thread/messages.ts';

/** How much a statement looks at: what an index finds, or possibly every device. */
export type Work = 'search' | 'scan';

/** A thread that reads the file; see `thread/read-only-database.ts`. */
export interface ReaderThread {
  query(sql: string, values: readonly SqlValue[], limitMs: number): Promise<QueryReply>;
  /** Ends what runs, then the thread. */
  close(): Promise<void>;
}

export interface ReadersOptions {
  /** Starts a thread; `onGone` is told when it ends by itself. */
  readonly start: (onGone: (error: Error) => void) => Promise<ReaderThread>;
  /** For letting threads go; without it they stay until the close. */
  readonly clock?: Clock | undefined;
  /** How long one statement may run. */
  readonly limitMs: number;
}

/** The threads that queries over many devices run on. */
export interface Readers {
  /** True while there is a thread; the first statement starts one. */
  readonly active: boolean;
  /** Sees every write that was acknowledged before. Throws HubError ThrottlingException when too many wait already. */
  query(sql: string, values: readonly SqlValue[], work: Work): Promise<QueryReply>;
  close(): Promise<void>;
}

/** One for scans, one that is always free for searches; searches alone share one. */
const mostThreads = 2;
/** A thread without work for so long is let go: it holds some megabytes. */
const idleMs = 30_000;
const mostWaiting: Readonly<Record<Work, number>> = { scan: 32, search: 1_000 };

interface Job {
  readonly sql: string;
  readonly values: readonly SqlValue[];
  readonly work: Work;
  readonly resolve: (reply: QueryReply) => void;
  readonly reject: (error: Error) => void;
}

interface Reader {
  readonly thread: Promise<ReaderThread>;
  gone: boolean;
  work: Work | undefined;
  cancelRelease: () => void;
}

/**
 * At most two threads, started when they are needed and let go when they are not. One scan runs at a time, so that a search finds a
 * thread free, and waits for other searches at most.
 */
export function createReaders({ start, clock, limitMs }: ReadersOptions): Readers {
  const readers = new Set<Reader>();
  const waiting: Readonly<Record<Work, Job[]>> = { scan: [], search: [] };
  let closed = false;

  function startReader(): Reader {
    const reader: Reader = {
      thread: start(() => forget(reader)),
      gone: false,
      work: undefined,
      cancelRelease: () => undefined,
    };
    readers.add(reader);
    return reader;
  }

  function forget(reader: Reader): void {
    reader.gone = true;
    readers.delete(reader);
  }

  /** What runs next; a scan goes first when none runs, because searches still have the other thread. */
  function takeJob(): Job | undefined {
    const working = [...readers].filter(({ work }) => work !== undefined);
    if (closed || working.length >= mostThreads) return undefined;
    const scans = working.some(({ work }) => work === 'scan');
    const scan = scans ? undefined : waiting.scan.shift();
    if (scan !== undefined) return scan;
    // What the other searches take is less than the start of a thread, and than what it holds.
    const shares = working.length > 0 && !scans && working.length === readers.size;
    return shares ? undefined : waiting.search.shift();
  }

  function runWaiting(): void {
    for (let job = takeJob(); job !== undefined; job = takeJob()) {
      const reader = [...readers].find(({ work }) => work === undefined) ?? startReader();
      reader.work = job.work;
      reader.cancelRelease();
      void run(reader, job);
    }
  }

  async function run(reader: Reader, { sql, values, resolve, reject }: Job): Promise<void> {
    try {
      const thread = await reader.thread.catch((error: unknown) => {
        forget(reader);
        throw error;
      });
      resolve(await thread.query(sql, values, limitMs));
    } catch (error) {
      reject(error as DatabaseError);
    }
    reader.work = undefined;
    if (closed || reader.gone) return runWaiting();
    reader.cancelRelease = clock?.after(idleMs, () => release(reader), { unref: true }) ?? reader.cancelRelease;
    runWaiting();
  }

  function release(reader: Reader): void {
    forget(reader);
    void close(reader);
  }

  async function close(reader: Reader): Promise<void> {
    reader.cancelRelease();
    try {
      await (await reader.thread).close();
    } catch {
      // It ended before: nothing is left to close.
    }
  }

  return {
    get active() {
      return readers.size > 0;
    },
    query(sql, values, work) {
      if (waiting[work].length >= mostWaiting[work])
        return Promise.reject(
          new HubError('ThrottlingException', 'Too many queries wait for the registry; try again later.'),
        );
      return new Promise((resolve, reject) => {
        waiting[work].push({ sql, values, work, resolve, reject });
        runWaiting();
      });
    },
    async close() {
      closed = true;
      const reason = new HubError('ServiceUnavailable', 'The hub is stopping.');
      for (const { reject } of [...waiting.scan.splice(0), ...waiting.search.splice(0)]) reject(reason);
      await Promise.all([...readers].map((reader) => close(reader)));
    },
  };
}
