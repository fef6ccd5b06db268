import type { Clock } from '../../std/clock.ts';

export interface SilenceWatchParts {
  readonly clock: Clock;
  /** Sets the one timer of the watch, in place of the one before. */
  readonly arm: (ms: number, fire: () => void) => void;
  /** True while the hub does not read: then the hub is silent, not the device. */
  readonly isPaused: () => boolean;
  readonly onSilent: () => void;
}

/** Keep-alive. Packets only note the time; the timer finds out what is left, so a packet costs nothing. */
export class SilenceWatch {
  readonly #parts: SilenceWatchParts;
  #lastHeard: number;
  #longest = 0;

  constructor(parts: SilenceWatchParts) {
    this.#parts = parts;
    this.#lastHeard = parts.clock.monotonic();
  }

  heard(): void {
    this.#lastHeard = this.#parts.clock.monotonic();
  }

  /** One and a half times the keep-alive (MQTT-3.1.2-24), and never longer than the cap; 0 means the cap. */
  start(keepAliveSeconds: number, capMs: number): void {
    this.#longest = keepAliveSeconds === 0 ? capMs : Math.min(keepAliveSeconds * 1_500, capMs);
    this.#arm(this.#longest);
  }

  #arm(ms: number): void {
    this.#parts.arm(ms, () => this.#check());
  }

  #check(): void {
    if (this.#parts.isPaused()) this.heard();
    const left = this.#lastHeard + this.#longest - this.#parts.clock.monotonic();
    if (left <= 0) this.#parts.onSilent();
    else this.#arm(left);
  }
}
