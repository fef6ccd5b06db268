/** The thread that owns a connection to telemetry.db: takes one request after the other, answers each. Started by log-thread.ts. */
import { parentPort } from 'node:worker_threads';
import { isFailure } from '../../../errors/index.ts';
import { createCollector } from '../../../std/collect.ts';
import { LogDatabase } from './log-database.ts';
import type { LogAnswer, LogCall, LogCalls, LogFailure, LogMessage, OpenOptions } from './requests.ts';
import { messageOf } from '../../../std/message-of.ts';

type Reply = LogCalls[LogCall]['reply'];

/** What compressors may leave behind: see codec.ts. A thread that only reads has the time to clear up more often. */
const mostLeftBytes = { writer: 16 * 1024 * 1024, reader: 6 * 1024 * 1024 } as const;

function serve(): void {
  const port = parentPort;
  if (port === null) return;
  let options: OpenOptions | undefined;
  let database: LogDatabase | undefined;
  const collect = createCollector();
  const answer = (message: LogAnswer, transfer: readonly ArrayBuffer[] = []): void =>
    port.postMessage(message, transfer);

  const open = (request: OpenOptions): Reply => {
    database = new LogDatabase(request);
    options = request;
    return { heads: database.heads };
  };

  const opened = (): LogDatabase => {
    // Closed by an attempt to open it anew that failed.
    if (database === undefined && options !== undefined) database = new LogDatabase(options);
    if (database === undefined) throw new Error('the log is not open');
    return database;
  };

  const mend = (): void => {
    opened().settle();
    opened().close();
    database = undefined;
    opened();
  };

  port.on('message', (message: LogMessage) => {
    const { id } = message;
    try {
      if (message.kind === 'open') {
        answer({ id, reply: open(message.request) });
        return;
      }
      // After a fault of the disk the file takes no write before it is opened anew.
      if (database?.doubtful !== false && isWrite(message.kind)) mend();
      const found = opened();
      const { reply, transfer } = perform(found, message);
      answer({ id, reply }, transfer);
      if (message.kind === 'commit') found.compact();
      if (found.leavings.bytes >= mostLeftBytes[options?.readOnly === true ? 'reader' : 'writer']) {
        found.leavings.bytes = 0;
        collect();
      }
      if (message.kind === 'close') port.close();
    } catch (error) {
      answer({ id, failure: describe(error) });
      if (message.kind === 'close') port.close();
    }
  });
}

function perform(
  database: LogDatabase,
  message: Exclude<LogMessage, { kind: 'open' }>,
): { readonly reply: Reply; readonly transfer?: readonly ArrayBuffer[] } {
  switch (message.kind) {
    case 'commit': {
      database.commit(message.request);
      const buffers = message.request.batches.map((batch) => batch.buffer);
      return { reply: { heads: database.heads, buffers }, transfer: buffers };
    }
    case 'scan': {
      const reply = database.scan(message.request);
      return { reply, transfer: reply.parts.map((part) => part.buffer) };
    }
    case 'seek':
      return { reply: database.seek(message.request) };
    case 'prune':
      return { reply: database.prune(message.request) };
    case 'partitions':
      return { reply: { partitions: database.partitions() } };
    case 'stats':
      return { reply: database.stats() };
    case 'probe':
      database.settle();
      return { reply: {} };
    case 'close':
      database.close();
      return { reply: {} };
  }
}

function isWrite(kind: LogCall): boolean {
  return kind === 'commit' || kind === 'prune' || kind === 'probe';
}

/** SQLITE_FULL of sqlite3.h. */
const diskFull = 13;

function describe(error: unknown): LogFailure {
  if (isFailure(error)) return { code: error.code, message: error.message };
  const message = messageOf(error);
  const sqliteCode = error instanceof Error && 'errcode' in error ? error.errcode : undefined;
  if (sqliteCode === diskFull) return { code: 'disk-full', message: `telemetry could not be stored: ${message}` };
  return { code: 'io', message: `the telemetry log failed: ${message}` };
}

serve();
