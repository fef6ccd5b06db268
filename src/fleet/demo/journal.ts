import { Failure } from '../../errors/index.ts';
import { bodyAsJson, type TelemetryMessage } from '../../protocol/telemetry/index.ts';
import { isJsonObject, type JsonObject } from '../../std/json.ts';
import type { Clock } from '../../std/clock.ts';
import { tailTelemetry } from '../telemetry/index.ts';
import type { Hub } from '../ports.ts';

export interface Entry {
  readonly deviceId: string;
  /** When the hub stored it, Unix milliseconds. */
  readonly time: number;
  readonly enqueuedTime: string;
  readonly body: JsonObject;
  readonly alarm?: string;
}

/** Everything the hub's telemetry stream has given since the demo began; steps wait here for what they need to see. */
export class Journal {
  readonly entries: Entry[] = [];
  readonly #clock: Clock;
  #news = Promise.withResolvers<void>();
  #failure: unknown;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Reads until the signal. */
  async follow(hub: Pick<Hub, 'telemetry' | 'queries'>, signal: AbortSignal): Promise<void> {
    try {
      for await (const batch of tailTelemetry(hub, this.#clock, { devices: [], since: 0, signal })) {
        this.entries.push(...batch.map(toEntry));
        this.#wake();
      }
    } catch (error) {
      this.#failure = error;
      this.#wake();
    }
  }

  of(deviceId: string): readonly Entry[] {
    return this.entries.filter((entry) => entry.deviceId === deviceId);
  }

  /** Waits until `look` finds something. Failure `check-failed`, with what was seen, when it does not within `limitMs`. */
  async until<Found>(
    look: () => Found | undefined,
    limitMs: number,
    seen: () => string,
    signal: AbortSignal,
  ): Promise<Found> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    let over = false;
    const cancel = this.#clock.after(limitMs, () => {
      over = true;
      resolve();
    });
    const onAbort = (): void => resolve();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      for (;;) {
        signal.throwIfAborted();
        const found = look();
        if (found !== undefined) return found;
        if (this.#failure !== undefined) throw this.#failure as Error;
        if (over) throw new Failure('check-failed', seen());
        await Promise.race([this.#news.promise, late]);
      }
    } finally {
      cancel();
      signal.removeEventListener('abort', onAbort);
    }
  }

  #wake(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }
}

function toEntry(message: TelemetryMessage): Entry {
  const body = bodyAsJson(message);
  const alarm = message.properties['alarm'];
  return {
    deviceId: message.deviceId,
    time: Date.parse(message.enqueuedTime),
    enqueuedTime: message.enqueuedTime,
    body: isJsonObject(body) ? body : {},
    ...(alarm === undefined ? {} : { alarm }),
  };
}

/** Milliseconds from one message to the next, on average: a busy machine moves single messages, not their number. */
export function averageGap(entries: readonly Entry[]): number {
  const [first] = entries;
  const last = entries.at(-1);
  return first === undefined || last === undefined || entries.length < 2
    ? Number.NaN
    : (last.time - first.time) / (entries.length - 1);
}
