import type { TelemetryMessage } from '../../protocol/telemetry/index.ts';
import type { Clock } from '../../std/clock.ts';

/** What came in one second; the totals are since the start. */
export interface TelemetryStatistics {
  /** Unix ms at the end of the second. */
  readonly time: number;
  readonly messages: number;
  readonly bytes: number;
  /** Devices that sent something in it. */
  readonly devices: number;
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
  readonly totalMessages: number;
  readonly totalBytes: number;
}

/** Counts batches, and gives the counts of every interval while they come, those of the last, shorter one too. */
export async function* telemetryStatistics(
  batches: AsyncIterable<readonly TelemetryMessage[]>,
  clock: Clock,
  intervalMs = 1_000,
): AsyncGenerator<TelemetryStatistics, void, undefined> {
  const meter = createMeter(clock);
  const iterator = batches[Symbol.asyncIterator]();
  let pending = iterator.next();
  try {
    for (;;) {
      const step = await Promise.race([meter.interval(intervalMs), pending]);
      if (step === 'interval') {
        yield meter.take();
        continue;
      }
      if (step.done === true) break;
      meter.count(step.value);
      pending = iterator.next();
    }
    if (meter.pending) yield meter.take();
  } finally {
    meter.stop();
    // Not awaited: a generator that waits for its next message only ends when its signal tells it to.
    iterator.return?.().catch(() => undefined);
  }
}

interface Meter {
  /** Resolves at the end of the running interval; the same promise until it is over. */
  interval(ms: number): Promise<'interval'>;
  count(messages: readonly TelemetryMessage[]): void;
  take(): TelemetryStatistics;
  readonly pending: boolean;
  stop(): void;
}

function createMeter(clock: Clock): Meter {
  let messages = 0;
  let bytes = 0;
  let totalMessages = 0;
  let totalBytes = 0;
  let startedAt = clock.monotonic();
  const devices = new Set<string>();
  let running: Promise<'interval'> | undefined;
  let cancel: (() => void) | undefined;
  return {
    interval(ms) {
      running ??= new Promise((resolve) => {
        cancel = clock.after(Math.max(0, startedAt + ms - clock.monotonic()), () => resolve('interval'));
      });
      return running;
    },
    count(batch) {
      for (const message of batch) {
        messages++;
        bytes += message.body.byteLength;
        devices.add(message.deviceId);
      }
    },
    take() {
      const now = clock.monotonic();
      const seconds = Math.max(0.001, (now - startedAt) / 1_000);
      totalMessages += messages;
      totalBytes += bytes;
      const taken: TelemetryStatistics = {
        time: clock.now(),
        messages,
        bytes,
        devices: devices.size,
        messagesPerSecond: Math.round(messages / seconds),
        bytesPerSecond: Math.round(bytes / seconds),
        totalMessages,
        totalBytes,
      };
      messages = 0;
      bytes = 0;
      devices.clear();
      startedAt = now;
      running = undefined;
      return taken;
    },
    get pending() {
      return messages > 0;
    },
    stop: () => cancel?.(),
  };
}
