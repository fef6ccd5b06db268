/** The thread that owns a connection to telemetry.db: takes one request after the other, answers each. Started by log-thread.ts. */
import { parentPort } from 'node:worker_threads';
import { isFailure } from '../../../errors/index.ts';
import { LogDatabase } from './log-database.ts';
import type { LogAnswer, LogCall, LogCalls, LogFailure, LogMessage, OpenOptions } from './requests.ts';
import { messageOf } from '../../../std/message-of.ts';

type Reply = LogCalls[LogCall]['reply'];

function serve(): void {
  const port = parentPort;
  if (port === null) return;
  let database: LogDatabase | undefined;
  const answer = (message: LogAnswer, transfer: readonly ArrayBuffer[] = []): void =>
    port.postMessage(message, transfer);

  const open = (options: OpenOptions): Reply => {
    database = new LogDatabase(options);
    return { heads: database.heads };
  };

  port.on('message', (message: LogMessage) => {
    const { id } = message;
    try {
      if (message.kind === 'open') {
        answer({ id, reply: open(message.request) });
        return;
      }
      if (database === undefined) throw new Error('the log is not open');
      const { reply, transfer } = perform(database, message);
      answer({ id, reply }, transfer);
      if (message.kind === 'commit') database.compact();
      if (message.kind === 'close') port.close();
    } catch (error) {
      answer({ id, failure: describe(error) });
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
    case 'close':
      database.close();
      return { reply: {} };
  }
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
