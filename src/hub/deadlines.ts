import type { Clock } from '../std/clock.ts';

/** Longer timers fire at once in Node, so they are cut in pieces. */
const longestTimer = 2 ** 31 - 1;
const notHeld = -1;

/** What may have a deadline: one at a time. */
export interface Mortal {
  /** Where {@link Deadlines} keeps it; for nobody else to touch. -1 at first. */
  deadlineAt: number;
  /** The deadline has passed, and is forgotten. Must not throw. */
  due(): void;
}

/**
 * Deadlines of thousands of connections behind one timer: a heap by time. Each costs 16 bytes, where a timer of its own costs some hundred
 * and as much again for the function that it calls.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #times: number[] = [];
  readonly #held: Mortal[] = [];
  #cancel: (() => void) | undefined;
  /** When the timer fires; later than the earliest deadline never, earlier sometimes. */
  #wakesAt = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#held.length;
  }

  /** Monotonic milliseconds; takes the place of the deadline there was. */
  set(mortal: Mortal, time: number): void {
    let at = mortal.deadlineAt;
    if (at === notHeld) {
      at = this.#held.length;
      this.#held.push(mortal);
      this.#times.push(time);
    }
    this.#settle(mortal, time, at);
    if (time < this.#wakesAt) this.#wakeAt(time);
  }

  clear(mortal: Mortal): void {
    const at = mortal.deadlineAt;
    if (at === notHeld) return;
    mortal.deadlineAt = notHeld;
    const last = this.#held.pop();
    const time = this.#times.pop();
    if (last !== undefined && time !== undefined && last !== mortal) this.#settle(last, time, at);
    if (this.#held.length === 0) this.#sleep();
  }

  /** Puts it where it belongs, beginning from a place that is free for it. */
  #settle(mortal: Mortal, time: number, from: number): void {
    let at = from;
    for (let above = (at - 1) >> 1; at > 0 && this.#timeOf(above) > time; above = (at - 1) >> 1) {
      this.#move(above, at);
      at = above;
    }
    for (let below = this.#earlierChild(at); this.#timeOf(below) < time; below = this.#earlierChild(at)) {
      this.#move(below, at);
      at = below;
    }
    this.#held[at] = mortal;
    this.#times[at] = time;
    mortal.deadlineAt = at;
  }

  #earlierChild(at: number): number {
    const left = at * 2 + 1;
    return this.#timeOf(left + 1) < this.#timeOf(left) ? left + 1 : left;
  }

  /** Beyond the end there is nothing that would be earlier. */
  #timeOf(at: number): number {
    return this.#times[at] ?? Number.POSITIVE_INFINITY;
  }

  #move(from: number, to: number): void {
    const mortal = this.#held[from];
    if (mortal === undefined) return;
    this.#held[to] = mortal;
    this.#times[to] = this.#timeOf(from);
    mortal.deadlineAt = to;
  }

  #wakeAt(time: number): void {
    this.#cancel?.();
    this.#wakesAt = time;
    const left = Math.min(Math.max(time - this.#clock.monotonic(), 0), longestTimer);
    this.#cancel = this.#clock.after(left, () => this.#wake());
  }

  #wake(): void {
    this.#sleep();
    for (;;) {
      const [first] = this.#held;
      if (first === undefined) return;
      // Looked at again each time: whoever is due may have moved others.
      if (this.#timeOf(0) > this.#clock.monotonic()) break;
      this.clear(first);
      first.due();
    }
    if (this.#timeOf(0) < this.#wakesAt) this.#wakeAt(this.#timeOf(0));
  }

  #sleep(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#wakesAt = Number.POSITIVE_INFINITY;
  }
}
