import type { Worker } from 'node:worker_threads';
import { Failure } from '../../../errors/index.ts';
import { startWorker } from '../../../std/worker.ts';
import type { LogAnswer, LogCall, LogCalls, OpenOptions } from './requests.ts';

interface Waiting {
  readonly resolve: (reply: never) => void;
  readonly reject: (error: Failure) => void;
}

/** A worker thread with a connection to the log; calls are answered in the order they were made. */
export class LogThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  #gone: Failure | undefined;

  private constructor() {
    this.#worker = startWorker(import.meta.url, './log-worker', { name: 'log' });
    this.#worker.on('message', (answer: LogAnswer) => this.#settle(answer));
    this.#worker.on('error', (error) => this.#end(error));
    this.#worker.on('exit', () => this.#end(undefined));
  }

  /** Starts the thread and opens the file. Failures: `io`, `runtime-too-old`, `invalid-config`. */
  static async start(options: OpenOptions): Promise<{ readonly thread: LogThread; readonly heads: readonly number[] }> {
    const thread = new LogThread();
    try {
      const { heads } = await thread.call('open', options);
      return { thread, heads };
    } catch (error) {
      await thread.#worker.terminate();
      throw error;
    }
  }

  call<Kind extends LogCall>(
    kind: Kind,
    request: LogCalls[Kind]['request'],
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<LogCalls[Kind]['reply']> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, kind, request }, transfer);
    });
  }

  /** Closes the connection after everything asked so far, then ends the thread. */
  async close(): Promise<void> {
    if (this.#gone !== undefined) return;
    const exited = new Promise<void>((resolve) => {
      this.#worker.once('exit', () => resolve());
    });
    await this.call('close', {});
    await exited;
  }

  #settle(answer: LogAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    if (waiting === undefined) return;
    this.#waiting.delete(answer.id);
    if ('failure' in answer) waiting.reject(new Failure(answer.failure.code, answer.failure.message));
    else waiting.resolve(answer.reply as never);
  }

  #end(error: unknown): void {
    this.#gone ??= new Failure('io', 'the telemetry log is closed', { cause: error });
    for (const { reject } of this.#waiting.values()) reject(this.#gone);
    this.#waiting.clear();
  }
}
