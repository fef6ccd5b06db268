import type { Offer } from '../../protocol/firmware/index.ts';
import { sleep, type Clock } from '../../std/clock.ts';
import { messageOf } from '../../std/message-of.ts';
import { FetchProblem, InstallProblem, type FetchAnswer, type InstallerPorts, type SlotWriter } from './ports.ts';

export interface DownloadLimits {
  /** Bytes per second below which an answer counts as none. */
  readonly minimumRate: number;
  /** How often a file is begun anew: it changed, or was not the right one. */
  readonly startsOver: number;
  /** How often the server may say no. */
  readonly refusals: number;
  /** Pause before the first repeat; doubles up to the longest. */
  readonly backoff: { readonly firstMs: number; readonly longestMs: number };
  /** How long in all a busy server may put the device off between two pieces of the file; beyond it, waiting counts as a stall. */
  readonly delayMs: number;
}

export const defaultDownloadLimits: DownloadLimits = {
  minimumRate: 100,
  startsOver: 2,
  refusals: 3,
  backoff: { firstMs: 1_000, longestMs: 30_000 },
  delayMs: 6 * 3_600_000,
};

export interface DownloadWork {
  readonly offer: Offer;
  /** Of what the slot holds of the file already. */
  readonly etag: string | undefined;
  /** A file is fetched from its beginning, and has this ETag. */
  readonly onEtag: (etag: string | undefined) => Promise<void>;
  /** Bytes that are there. */
  readonly onProgress: (bytes: number) => void;
  readonly limits: DownloadLimits;
  readonly signal: AbortSignal;
}

type DownloadPorts = Pick<InstallerPorts, 'fetch' | 'clock' | 'random'>;

/**
 * Fills a slot with the file of an offer: as long as the manifest says, with the SHA-256 it says, read back from where it lies. Goes on
 * after a cut, begins anew when the file is another one, and ends when nothing comes for the offer's stall time. Rejects with an
 * InstallProblem, or with the signal's reason.
 */
export async function download(writer: SlotWriter, work: DownloadWork, ports: DownloadPorts): Promise<void> {
  await new Download(writer, work, ports).run();
}

class Download {
  readonly #writer: SlotWriter;
  readonly #work: DownloadWork;
  readonly #ports: DownloadPorts;
  readonly #watch: Watch;
  /** For how long the server has put the device off since the last piece. */
  #delayedMs = 0;
  #etag: string | undefined;
  #startsOver = 0;
  #refusals = 0;
  #failuresInRow = 0;

  constructor(writer: SlotWriter, work: DownloadWork, ports: DownloadPorts) {
    this.#writer = writer;
    this.#work = work;
    this.#ports = ports;
    this.#etag = work.etag;
    const stallMs = work.offer.deadlines.stall * 1_000;
    this.#watch = new Watch(ports.clock, stallMs, (work.limits.minimumRate * stallMs) / 1_000);
  }

  async run(): Promise<void> {
    const { size, sha256 } = this.#work.offer.manifest;
    try {
      for (;;) {
        while (this.#writer.length !== size) await this.#fetchMore();
        const found = await stored(this.#writer.digest());
        if (found === sha256) return;
        await this.#startOver(new InstallProblem('digest-mismatch', `the file has the SHA-256 ${found}`));
      }
    } finally {
      this.#watch.stop();
    }
  }

  /** One request; after it there is more, or it was waited, or the attempt is over. */
  async #fetchMore(): Promise<void> {
    const { signal, limits } = this.#work;
    const before = this.#writer.length;
    try {
      await this.#request();
      if (this.#writer.length === before) throw new FetchProblem('broken', 'the answer was empty');
      this.#failuresInRow = 0;
      this.#delayedMs = 0;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof InstallProblem) throw error;
      if (this.#watch.signal.aborted) throw this.#stalled(error);
      if (!(error instanceof FetchProblem)) throw new InstallProblem('download-failed', messageOf(error), error);
      if (error.kind === 'wrong') await this.#startOver(new InstallProblem('download-failed', error.message, error));
      if (error.kind === 'refused' && ++this.#refusals >= limits.refusals)
        throw new InstallProblem('download-failed', error.message, error);
      if (this.#writer.length > before) this.#failuresInRow = this.#delayedMs = 0;
      if (error.retryAfterMs === undefined) await this.#pause(error);
      else await this.#waitForServer(error, error.retryAfterMs);
    }
  }

  async #request(): Promise<void> {
    const { offer, signal } = this.#work;
    const writer = this.#writer;
    const { size } = offer.manifest;
    // What is longer than the file cannot be a part of it.
    if (writer.length > size) await stored(writer.restart());
    const from = writer.length;
    const both = AbortSignal.any([signal, this.#watch.signal]);
    const answer = await raced(
      this.#ports.fetch({ url: offer.url, from, etag: from === 0 ? undefined : this.#etag, signal: both }),
      both,
    );
    await this.#agree(answer, from, size);
    const body = answer.body[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await raced(body.next(), both);
        if (next.done === true) return;
        await this.#take(next.value, size);
      }
    } finally {
      // Not waited for: a body that hangs also hangs at its end.
      void body.return?.().catch(() => undefined);
    }
  }

  /** Whether the answer is about the file that is being fetched, and goes on where it stands. */
  async #agree(answer: FetchAnswer, from: number, size: number): Promise<void> {
    if (answer.total !== undefined && answer.total !== size)
      throw new InstallProblem('size-mismatch', `the file is ${answer.total} bytes long, not ${size}`);
    if (answer.from !== from) {
      if (answer.from !== 0)
        throw new FetchProblem('wrong', `the answer begins at byte ${answer.from} instead of ${from}`);
      await this.#startOver(new InstallProblem('download-failed', 'the server does not go on where it was cut'));
    }
    if (answer.from === 0 && answer.etag !== this.#etag) {
      this.#etag = answer.etag;
      await stored(this.#work.onEtag(answer.etag));
    }
  }

  async #take(chunk: Uint8Array, size: number): Promise<void> {
    // Cut here, so that an answer without an end takes no more than the file's own room.
    if (this.#writer.length + chunk.byteLength > size) {
      await stored(this.#writer.restart());
      throw new InstallProblem('size-mismatch', `more than ${size} bytes came`);
    }
    await stored(this.#writer.write(chunk));
    this.#watch.got(chunk.byteLength);
    this.#work.onProgress(this.#writer.length);
  }

  /** Rejects with the reason when it has been done too often. */
  async #startOver(reason: InstallProblem): Promise<void> {
    await stored(this.#writer.restart());
    this.#etag = undefined;
    if (++this.#startsOver > this.#work.limits.startsOver) throw reason;
  }

  async #pause(problem: FetchProblem): Promise<void> {
    const { firstMs, longestMs } = this.#work.limits.backoff;
    const longest = Math.min(longestMs, firstMs * 2 ** Math.min(20, this.#failuresInRow++));
    await this.#wait(longest * (0.5 + this.#ports.random() / 2), problem);
  }

  /** The server is busy with other devices and has said when to come again: nothing has gone wrong, and nobody stands still. */
  async #waitForServer(problem: FetchProblem, askedMs: number): Promise<void> {
    const { backoff, delayMs } = this.#work.limits;
    // Never earlier; those who were told the same do not come at the same moment.
    const ms = Math.max(askedMs, backoff.firstMs) * (1 + this.#ports.random() / 10);
    const excused = Math.min(ms, Math.max(delayMs - this.#delayedMs, 0));
    this.#delayedMs += excused;
    this.#watch.excuse(excused);
    await this.#wait(ms, problem);
  }

  async #wait(ms: number, problem: FetchProblem): Promise<void> {
    const { signal } = this.#work;
    try {
      await sleep(this.#ports.clock, ms, AbortSignal.any([signal, this.#watch.signal]));
    } catch {
      signal.throwIfAborted();
      throw this.#stalled(problem);
    }
  }

  #stalled(last: unknown): InstallProblem {
    const { stall } = this.#work.offer.deadlines;
    const words = last instanceof FetchProblem ? `: ${last.message}` : '';
    return new InstallProblem('stalled', `too little came for ${stall} s${words}`, last);
  }
}

/** Ends a download that does not bring enough for too long, whoever is silent. */
class Watch {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #enough: number;
  readonly #end = new AbortController();
  #since: number;
  #bytes = 0;
  #cancel: () => void;

  constructor(clock: Clock, limitMs: number, enough: number) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#enough = enough;
    this.#since = clock.monotonic();
    this.#cancel = this.#arm(limitMs);
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }

  got(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < this.#enough) return;
    this.#bytes = 0;
    this.#since = this.#clock.monotonic();
  }

  /** So much of the time to come does not count. */
  excuse(ms: number): void {
    this.#since += ms;
  }

  stop(): void {
    this.#cancel();
  }

  /** One timer for many chunks: it looks, when it fires, how long it has been. In parts, because timers end at 24 days. */
  #arm(ms: number): () => void {
    return this.#clock.after(Math.min(ms, longestTimerMs), () => {
      const left = this.#since + this.#limitMs - this.#clock.monotonic();
      if (left <= 0) this.#end.abort(new Error('stalled'));
      else this.#cancel = this.#arm(left);
    });
  }
}

/** Timers do not reach further; waits are made of several. */
export const longestTimerMs = 3_600_000;

/** What fails to be written fails the attempt, whatever the disk's words are. */
export async function stored<Value>(work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof InstallProblem) throw error;
    throw new InstallProblem('storage-failed', messageOf(error).slice(0, 512), error);
  }
}

/** Settles with the work or with the signal, also when the work does not listen to it. */
export function raced<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
