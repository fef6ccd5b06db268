import type { Worker } from 'node:worker_threads';
import { startWorker } from '../../../../std/worker.ts';
import { DatabaseError } from './errors.ts';
import type { AuditRetention } from './audit-trail.ts';
import type {
  Job,
  JobNote,
  JobResult,
  OpenReply,
  QueryReply,
  Reply,
  Request,
  RequestBody,
  SqlValue,
} from './messages.ts';

/** Which thread: the one that owns the file, or one that only reads it. */
export type ThreadKind = 'owner' | 'reader';

const files = { owner: './database-worker', reader: './reader-worker' } as const;

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** The main thread's end of a database thread. Requests made in one turn of the event loop travel as one message. */
export class DatabaseClient {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #exited: Promise<void>;
  #outbox: Request[] = [];
  #lastId = 0;
  #broken: Error | undefined;

  /** `onFailure` is told when the thread ends by itself; every request is refused from then on. */
  constructor(onFailure: (error: Error) => void = () => undefined, kind: ThreadKind = 'owner') {
    this.#worker = startWorker(import.meta.url, files[kind], { name: `registry ${kind}` });
    this.#worker.on('message', (replies: readonly Reply[]) => {
      for (const reply of replies) this.#settle(reply);
    });
    this.#worker.on('error', (error) => {
      onFailure(error);
      this.#fail(error);
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#fail(new DatabaseError('Closed', 'the registry is closed'));
        resolve();
      });
    });
  }

  open(options: {
    readonly file: string;
    readonly busyTimeout: number;
    readonly maxBytes: number | undefined;
    readonly stop?: Int32Array | undefined;
  }): Promise<OpenReply> {
    return this.#send({ kind: 'open', ...options });
  }

  query(sql: string, values: readonly SqlValue[], limitMs?: number): Promise<QueryReply> {
    return this.#send({ kind: 'query', sql, values, ...(limitMs !== undefined && { limitMs }) });
  }

  commit(jobs: readonly Job[], notes?: readonly (JobNote | undefined)[]): Promise<JobResult[]> {
    return this.#send({ kind: 'commit', jobs, ...(notes !== undefined && { notes }) });
  }

  /** Answers how many entries were removed. */
  pruneAudit(retention: AuditRetention): Promise<number> {
    return this.#send({ kind: 'prune-audit', ...retention });
  }

  /** Rejects while the disk takes no write. */
  probe(): Promise<void> {
    return this.#send({ kind: 'probe' });
  }

  /** Closes the file after everything asked before, and ends the thread. */
  async close(): Promise<void> {
    if (this.#broken === undefined) await this.#send({ kind: 'close' });
    await this.#exited;
  }

  /** Ends the thread without care; for a database that could not be opened. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
    await this.#exited;
  }

  #send<Value>(body: RequestBody): Promise<Value> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    this.#lastId += 1;
    const id = this.#lastId;
    if (this.#outbox.length === 0) queueMicrotask(() => this.#post());
    this.#outbox.push({ id, ...body });
    return new Promise<Value>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
  }

  #post(): void {
    const requests = this.#outbox;
    this.#outbox = [];
    try {
      this.#worker.postMessage(requests, []);
    } catch (error) {
      // A value that cannot cross threads; nothing was sent.
      for (const { id } of requests)
        this.#settle({ id, error: { message: String(error), code: 'ERR_INVALID_ARG_VALUE' } });
    }
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('error' in reply) waiting?.reject(new DatabaseError(reply.error.code, reply.error.message));
    else waiting?.resolve(reply.value as never);
  }

  #fail(error: Error): void {
    this.#broken ??= error;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(this.#broken);
  }
}
