import type { Clock } from '../std/clock.ts';
import { isJsonObject, type JsonObject } from '../std/json.ts';
import type { DeviceConnection } from './connection/device-connection.ts';

/** Pause before reported properties that did not arrive are sent again. */
const retryMs = 5_000;

/** Brings reported properties to the hub: gathers patches while one is on its way, and keeps them until the hub has them. */
export class Reporter {
  readonly #connection: Pick<DeviceConnection, 'reportProperties'>;
  readonly #clock: Clock;
  readonly #onProblem: (error: Error) => void;
  #waiting: JsonObject | undefined;
  #busy = false;
  #cancelRetry: (() => void) | undefined;
  readonly #quiet = new Set<() => void>();

  /** @param onProblem told when the hub refuses a patch, which is then dropped */
  constructor(connection: Pick<DeviceConnection, 'reportProperties'>, clock: Clock, onProblem: (error: Error) => void) {
    this.#connection = connection;
    this.#clock = clock;
    this.#onProblem = onProblem;
  }

  report(patch: JsonObject): void {
    if (Object.keys(patch).length === 0) return;
    this.#waiting = this.#waiting === undefined ? patch : merge(this.#waiting, patch);
    void this.#flush();
  }

  /** Resolves when the hub has all that was reported, or after `limitMs`. */
  delivered(limitMs: number): Promise<void> {
    if (this.#waiting === undefined && !this.#busy) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        this.#quiet.delete(done);
        resolve();
      };
      const cancel = this.#clock.after(limitMs, done, { unref: true });
      this.#quiet.add(done);
    });
  }

  close(): void {
    this.#cancelRetry?.();
    this.#waiting = undefined;
    for (const done of this.#quiet) done();
  }

  async #flush(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    this.#cancelRetry?.();
    while (this.#waiting !== undefined) {
      const patch = this.#waiting;
      this.#waiting = undefined;
      try {
        await this.#connection.reportProperties(patch);
      } catch (error) {
        if (!isRetryable(error)) {
          this.#onProblem(error as Error);
          continue;
        }
        // What came meanwhile is newer and wins.
        this.#waiting = this.#waiting === undefined ? patch : merge(patch, this.#waiting);
        this.#cancelRetry = this.#clock.after(retryMs, () => void this.#flush(), { unref: true });
        break;
      }
    }
    this.#busy = false;
    if (this.#waiting === undefined) for (const done of this.#quiet) done();
  }
}

function isRetryable(error: unknown): boolean {
  return error instanceof Error && 'retryable' in error && error.retryable === true;
}

/** Merges two patches of reported properties into one with the effect of both; `null`s stay, because they delete. */
function merge(first: JsonObject, second: JsonObject): JsonObject {
  const merged: JsonObject = { ...first };
  for (const [name, value] of Object.entries(second)) {
    const before = Object.hasOwn(merged, name) ? merged[name] : undefined;
    merged[name] = isJsonObject(before) && isJsonObject(value) ? merge(before, value) : value;
  }
  return merged;
}
