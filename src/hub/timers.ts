import type { Clock } from '../std/clock.ts';

/** Longer timers fire at once in Node, so they are cut in pieces. */
const longestTimer = 2 ** 31 - 1;

/** The timers of one connection, by name; arming one again moves it. */
export class Timers<Name extends string> {
  readonly #clock: Clock;
  readonly #armed = new Map<Name, () => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(name: Name): boolean {
    return this.#armed.has(name);
  }

  arm(name: Name, ms: number, fire: () => void): void {
    this.disarm(name);
    const piece = Math.min(Math.max(ms, 0), longestTimer);
    const cancel = this.#clock.after(piece, () => {
      this.#armed.delete(name);
      if (ms > piece) this.arm(name, ms - piece, fire);
      else fire();
    });
    this.#armed.set(name, cancel);
  }

  disarm(name: Name): void {
    this.#armed.get(name)?.();
    this.#armed.delete(name);
  }

  disarmAll(): void {
    for (const cancel of this.#armed.values()) cancel();
    this.#armed.clear();
  }
}
