import type { Clock } from '../../std/clock.ts';
import type { Deadlines, Mortal } from '../deadlines.ts';

/**
 * - `phase`: the phase the connection is in has lasted as long as it may
 * - `stall`: what was sent to the peer is unread for too long
 * - `packet`: a packet has begun and does not end
 * - `silence`: the peer is silent for longer than it may
 */
export type Overdue = 'phase' | 'stall' | 'packet' | 'silence';

export interface Watched {
  /** True while the hub does not read: then the hub is silent, not the peer. */
  readonly isPaused: boolean;
  overdue(what: Overdue): void;
}

/** No deadline; every other time is in whole milliseconds of the monotonic clock, which V8 keeps without an object for each. */
const never = -1;

/** All the times of one connection, as one deadline: the earliest. */
export class Vigil implements Mortal {
  deadlineAt = -1;
  readonly #watched: Watched;
  readonly #deadlines: Deadlines;
  readonly #clock: Clock;
  #phaseEnds = never;
  #stallEnds = never;
  #packetEnds = never;
  /** Packets note the time alone; whether it was too long ago is seen at the deadline. */
  #lastHeard = never;
  /** Milliseconds; 0 as long as silence is no matter. */
  #longestSilence = 0;

  constructor(watched: Watched, { deadlines, clock }: { readonly deadlines: Deadlines; readonly clock: Clock }) {
    this.#watched = watched;
    this.#deadlines = deadlines;
    this.#clock = clock;
    this.heard();
  }

  /** A new phase begins, which lasts so long at most; undefined for as long as it likes. */
  phase(ms: number | undefined): void {
    this.#phaseEnds = ms === undefined ? never : this.#after(ms);
    this.#watch();
  }

  /** The peer has left something unread. The first time counts, until it reads. */
  stalled(ms: number): void {
    if (this.#stallEnds !== never) return;
    this.#stallEnds = this.#after(ms);
    this.#watch();
  }

  /** The deadline that was set for a stall passes without effect. */
  reads(): void {
    this.#stallEnds = never;
  }

  /** A packet has begun, which is to end in this time; the first call counts. */
  unfinished(ms: number): void {
    if (this.#packetEnds !== never) return;
    this.#packetEnds = this.#after(ms);
    this.#watch();
  }

  /** No packet has begun, or the one that had is whole. */
  finished(): void {
    this.#packetEnds = never;
  }

  heard(): void {
    this.#lastHeard = this.#after(0);
  }

  /** One and a half times the keep-alive (MQTT-3.1.2-24), and never longer than the cap; 0 means the cap. */
  watchSilence(keepAliveSeconds: number, capMs: number): void {
    this.#longestSilence = keepAliveSeconds === 0 ? capMs : Math.min(keepAliveSeconds * 1_500, capMs);
    this.#watch();
  }

  /** Nothing has a deadline any more. */
  end(): void {
    this.#phaseEnds = never;
    this.#stallEnds = never;
    this.#packetEnds = never;
    this.#longestSilence = 0;
    this.#deadlines.clear(this);
  }

  due(): void {
    if (this.#watched.isPaused) {
      this.heard();
      this.finished();
    }
    const now = this.#clock.monotonic();
    const passed = (end: number): boolean => end !== never && end <= now;
    if (passed(this.#phaseEnds)) this.#watched.overdue('phase');
    else if (passed(this.#stallEnds)) this.#watched.overdue('stall');
    else if (passed(this.#packetEnds)) this.#watched.overdue('packet');
    else if (passed(this.#silenceEnds)) this.#watched.overdue('silence');
    else this.#watch();
  }

  get #silenceEnds(): number {
    return this.#longestSilence === 0 ? never : this.#lastHeard + this.#longestSilence;
  }

  #after(ms: number): number {
    return Math.ceil(this.#clock.monotonic() + Math.max(ms, 0));
  }

  #watch(): void {
    let earliest = this.#phaseEnds;
    for (const end of [this.#stallEnds, this.#packetEnds, this.#silenceEnds])
      if (end !== never && (earliest === never || end < earliest)) earliest = end;
    if (earliest === never) this.#deadlines.clear(this);
    else this.#deadlines.set(this, earliest);
  }
}
