import type { Clock } from '../../std/clock.ts';
import { Timers } from '../timers.ts';
import type { AmqpLimits } from './limits.ts';

export interface VigilParts {
  readonly clock: Clock;
  readonly limits: Pick<AmqpLimits, 'openMs' | 'unauthenticatedMs' | 'idleMs'>;
  /** True when the peer holds a token, or has a link that a certificate or login opened. */
  readonly isKnown: () => boolean;
  /** True while the hub does not read: then the hub is silent, not the peer. */
  readonly isPaused: () => boolean;
  /** True when something was sent since it was last asked. */
  readonly takeWrote: () => boolean;
  readonly onUnknown: () => void;
  readonly onSilent: () => void;
  /** Time for an empty frame. */
  readonly onQuiet: () => void;
}

/** SDKs ask for minutes; a peer that asks for less than this is not served more often. */
const shortestBeatMs = 500;

/** What a connection watches by the clock: that the peer shows who it is, and that neither side is silent for too long. */
export class Vigil {
  readonly #parts: VigilParts;
  readonly #timers: Timers<'open' | 'unknown' | 'silence' | 'beat'>;
  #lastHeard: number;

  constructor(parts: VigilParts) {
    this.#parts = parts;
    this.#timers = new Timers(parts.clock);
    this.#lastHeard = parts.clock.monotonic();
    this.#timers.arm('open', parts.limits.openMs, parts.onUnknown);
    this.#watchUnknown();
    this.#timers.arm('silence', parts.limits.idleMs, () => this.#checkSilence());
  }

  /** The peer has said OPEN; it may take longer until it is known. */
  opened(): void {
    this.#timers.disarm('open');
  }

  /** The peer said something. Costs nothing: the timer finds out what is left. */
  heard(): void {
    this.#lastHeard = this.#parts.clock.monotonic();
  }

  /** The peer wants to hear something within `idleMs`; it gets to after half of that. */
  beat(idleMs: number): void {
    this.#timers.arm('beat', Math.max(idleMs / 2, shortestBeatMs), () => {
      if (!this.#parts.takeWrote()) this.#parts.onQuiet();
      this.beat(idleMs);
    });
  }

  end(): void {
    this.#timers.disarmAll();
  }

  #watchUnknown(): void {
    this.#timers.arm('unknown', this.#parts.limits.unauthenticatedMs, () => {
      if (this.#parts.isKnown()) this.#watchUnknown();
      else this.#parts.onUnknown();
    });
  }

  #checkSilence(): void {
    const { clock, limits, isPaused, onSilent } = this.#parts;
    if (isPaused()) this.heard();
    const left = this.#lastHeard + limits.idleMs - clock.monotonic();
    if (left > 0) this.#timers.arm('silence', left, () => this.#checkSilence());
    else onSilent();
  }
}
