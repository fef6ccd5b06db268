/** An operator's connection to a world's hub: slow, failing or killed as a test or a rehearsal wants it. */
import type { ArtifactStore } from '../../../client/artifacts.ts';
import type { RecordStore } from '../../../client/records.ts';
import type { Clock } from '../../../std/clock.ts';
import type { JsonObject } from '../../../std/json.ts';
import type { Hub } from '../../ports.ts';
import type { ArtifactTable } from './artifact-table.ts';
import type { EventLog } from './event-log.ts';
import type { RecordTable } from './record-table.ts';
import { queryPages, type TwinSource } from './run-query.ts';
import { viewTwin, type TwinTable } from './twin-table.ts';

/** What a rollout uses of a hub. */
export type WorldHub = Pick<Hub, 'hostName' | 'twins' | 'queries' | 'telemetry'> & {
  readonly records: RecordStore;
  readonly artifacts: ArtifactStore;
};

/** A write on its way: told before the hub carries it out, and once more before the answer goes back. */
export interface WorldWrite {
  /** Counts the writes of one client from 1. */
  readonly index: number;
  readonly kind: 'twin' | 'record' | 'remove-record';
  /** Device id or name of the record. */
  readonly name: string;
  readonly stage: 'before' | 'after';
}

export interface ClientOptions {
  /** From a call to its answer, virtual time; 0 by default. */
  readonly latencyMs?: number;
  /**
   * Sees each write twice. What it throws is the write's failure: thrown before, nothing is written; thrown after, it is written and the
   * caller does not know. It may also kill the client: nothing comes back then.
   */
  readonly onWrite?: (write: WorldWrite, client: WorldClient) => void;
}

export interface WorldClient {
  readonly hub: WorldHub;
  /** The world's time as this client sees it: its timers end with it. */
  readonly clock: Clock;
  readonly killed: boolean;
  /** Ends it as a killed process ends: no timer fires, and no call is answered, any more. What was sent is carried out. */
  kill(): void;
  /** Calls to the hub so far, pages of queries and steps of streams among them. */
  readonly calls: number;
}

/** What clients share. */
export interface HubParts {
  readonly hostName: string;
  readonly clock: Clock;
  readonly twins: TwinTable;
  readonly records: RecordTable;
  readonly artifacts: ArtifactTable;
  readonly log: EventLog;
}

export function createWorldClient(parts: HubParts, options: ClientOptions = {}): WorldClient {
  const { twins, records, artifacts, log } = parts;
  const { latencyMs = 0 } = options;
  let killed = false;
  let writes = 0;
  let calls = 0;
  const clock: Clock = {
    now: () => parts.clock.now(),
    monotonic: () => parts.clock.monotonic(),
    after: (ms, fire, how) =>
      parts.clock.after(
        ms,
        () => {
          if (!killed) fire();
        },
        how,
      ),
  };

  async function call<Result>(work: () => Result, signal?: AbortSignal): Promise<Result> {
    if (killed) return never();
    signal?.throwIfAborted();
    calls++;
    await pause(parts.clock, latencyMs / 2);
    let answer: { readonly result: Result } | { readonly error: unknown };
    try {
      answer = { result: work() };
    } catch (error) {
      answer = { error };
    }
    await pause(parts.clock, latencyMs / 2);
    if (killed) return never();
    signal?.throwIfAborted();
    if ('error' in answer) throw answer.error;
    return answer.result;
  }

  function write<Result>(
    kind: WorldWrite['kind'],
    name: string,
    work: () => Result,
    signal: AbortSignal | undefined,
  ): Promise<Result> {
    const index = ++writes;
    return call(() => {
      const alive = !killed;
      options.onWrite?.({ index, kind, name, stage: 'before' }, client);
      // Killed by the hook: it was never sent. Killed while it was on its way: it arrives all the same.
      if (alive && killed) throw new Error('killed');
      const result = work();
      options.onWrite?.({ index, kind, name, stage: 'after' }, client);
      return result;
    }, signal);
  }

  const twinSource: TwinSource = {
    *all(after) {
      for (const twin of twins.all(after)) yield viewTwin(twin) as unknown as JsonObject;
    },
    find(deviceId) {
      const twin = twins.find(deviceId);
      return twin && (viewTwin(twin) as unknown as JsonObject);
    },
  };

  const hub: WorldHub = {
    hostName: parts.hostName,
    twins: {
      get: (deviceId, signal) => call(() => viewTwin(twins.read(deviceId)), signal),
      patch: (deviceId, change, { etag, signal } = {}) =>
        write('twin', deviceId, () => viewTwin(twins.patch(deviceId, change, etag)), signal),
      replace: () => Promise.reject(new Error('a world replaces no twins')),
    },
    queries: {
      async *query(text, { pageSize, signal } = {}) {
        const pages = queryPages(text, twinSource, pageSize);
        for (;;) {
          const page = await call(() => pages.next(), signal);
          if (page.done === true) return;
          yield page.value;
        }
      },
    },
    telemetry: {
      async *read(request) {
        for await (const batch of log.read(request)) yield await call(() => batch, request.signal);
      },
    },
    records: {
      read: (name, signal) => call(() => records.read(name), signal),
      write: (name, value, { etag, signal } = {}) =>
        write('record', name, () => records.write(name, value, etag), signal),
      remove: (name, signal) => write('remove-record', name, () => records.remove(name), signal),
      async *list(prefix, signal) {
        yield* await call(() => records.list(prefix), signal);
      },
    },
    artifacts: {
      find: (sha256, signal) => call(() => artifacts.find(sha256), signal),
      put: (artifact, _content, { signal } = {}) => call(() => artifacts.put(artifact), signal),
      async *list(signal) {
        yield* await call(() => artifacts.list(), signal);
      },
      signUrl: (sha256, expiresAt, signal) => call(() => artifacts.signUrl(sha256, expiresAt), signal),
    },
  };
  const client: WorldClient = {
    hub,
    clock,
    get killed() {
      return killed;
    },
    get calls() {
      return calls;
    },
    kill: () => void (killed = true),
  };
  return client;
}

async function pause(clock: Clock, ms: number): Promise<void> {
  if (ms <= 0) return;
  await new Promise<void>((resolve) => {
    clock.after(ms, resolve);
  });
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
