import type { TelemetryBatch, TelemetryRequest } from '../../ports.ts';
import type { MessageSource, TelemetryMessage } from '../../../protocol/telemetry/message.ts';
import { isoTicks } from '../../../protocol/time.ts';
import type { Clock } from '../../../std/clock.ts';
import { matchGlob } from '../../../std/glob.ts';
import type { JsonObject } from '../../../std/json.ts';

/** Telemetry and events of a world's hub, in one partition. */
export interface EventLog {
  /** A device's message. */
  telemetry(deviceId: string, body: JsonObject, properties?: Readonly<Record<string, string>>): void;
  /** What the hub tells by itself; `body` is asked for when somebody reads it. */
  event(deviceId: string, kind: EventKind, body: () => JsonObject): void;
  /** As the stream of iotctl's hub: what is there, then `live`, then what comes, when it is to follow. */
  read(request: TelemetryRequest): AsyncIterable<TelemetryBatch>;
}

export interface EventKind {
  readonly source: MessageSource;
  readonly schema: string;
  readonly operation: string;
}

/** Messages that are kept; a reader that comes too late is told how many it has lost. */
const kept = 50_000;
/** Readers are woken so long after the first message, as the hub gathers events. */
const gatherMs = 50;
const batchMessages = 1_000;

export function createEventLog(clock: Clock, hubName: string): EventLog {
  let messages: TelemetryMessage[] = [];
  /** Sequence number of the first message kept. */
  let first = 0;
  let waiting: (() => void)[] = [];
  let waking = false;

  function append(
    message: Omit<TelemetryMessage, 'partition' | 'sequenceNumber' | 'enqueuedTime' | 'body'>,
    body: () => Uint8Array,
  ): void {
    let encoded: Uint8Array | undefined;
    messages.push({
      ...message,
      partition: 0,
      sequenceNumber: first + messages.length,
      enqueuedTime: new Date(clock.now()).toISOString(),
      get body() {
        return (encoded ??= body());
      },
    });
    if (messages.length > 2 * kept) {
      first += messages.length - kept;
      messages = messages.slice(-kept);
    }
    if (waking || waiting.length === 0) return;
    waking = true;
    clock.after(gatherMs, wake, { unref: true });
  }

  function wake(): void {
    waking = false;
    const readers = waiting;
    waiting = [];
    for (const reader of readers) reader();
  }

  function startOf({ from }: TelemetryRequest): number {
    if (from === 'earliest') return first;
    if (from === 'latest') return first + messages.length;
    if ('position' in from) return Number(/^0:(\d+)$/.exec(from.position)?.[1] ?? first);
    const index = messages.findIndex((message) => Date.parse(message.enqueuedTime) >= from.time);
    return first + (index < 0 ? messages.length : index);
  }

  async function* read(request: TelemetryRequest): AsyncGenerator<TelemetryBatch, void, undefined> {
    const { signal, until = Number.POSITIVE_INFINITY } = request;
    const wanted = selection(request);
    let next = startOf(request);
    for (;;) {
      signal?.throwIfAborted();
      const lost = Math.max(0, first - next);
      next = Math.max(next, first);
      const found = messages.slice(next - first, next - first + batchMessages);
      next += found.length;
      const live = next >= first + messages.length;
      const shown = found.filter((message) => wanted(message) && Date.parse(message.enqueuedTime) < until);
      yield { messages: shown, position: `0:${next}`, live, lost };
      if (!live) continue;
      if (!request.follow || clock.now() >= until) return;
      await news(waiting, signal);
    }
  }

  return {
    telemetry: (deviceId, body, properties = {}) =>
      append(
        { deviceId, system: { 'content-type': 'application/json', 'content-encoding': 'utf-8' }, properties },
        () => Buffer.from(JSON.stringify(body)),
      ),
    event(deviceId, { source, schema, operation }, body) {
      const system = {
        'user-id': hubName,
        'content-type': 'application/json',
        'content-encoding': 'utf-8',
        'iothub-message-schema': schema,
      };
      const properties = { hubName, opType: operation, deviceId, operationTimestamp: isoTicks(clock.now()) };
      append({ deviceId, source, system, properties }, () => Buffer.from(JSON.stringify(body())));
    },
    read,
  };
}

function selection({ devices = [], sources = [] }: TelemetryRequest): (message: TelemetryMessage) => boolean {
  const wanted: readonly MessageSource[] = sources.length === 0 ? ['Telemetry'] : sources;
  return ({ deviceId, source = 'Telemetry' }) =>
    wanted.includes(source) && (devices.length === 0 || devices.some((glob) => matchGlob(glob, deviceId)));
}

/** Resolves when there is something new, rejects when the reader goes. */
function news(waiting: (() => void)[], signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal?.reason as Error);
    signal?.addEventListener('abort', onAbort, { once: true });
    waiting.push(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
  });
}
