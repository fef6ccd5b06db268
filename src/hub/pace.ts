/** How much of the hub one connection may have: all of them share one thread. */
import type { Clock } from '../std/clock.ts';
import type { HubLimits } from './limits/index.ts';

/** What goes on when the connection may be read again. */
export interface Paced {
  proceed(): void;
}

export interface PacesParts {
  readonly limits: Pick<HubLimits['device'], 'turnBytes'> & Partial<HubLimits['device']>;
  readonly clock: Pick<Clock, 'monotonic' | 'after'>;
  /** Told when a connection has to wait for a next second. */
  readonly onSlowed?: (() => void) | undefined;
}

const secondMs = 1_000;
/** A share of a second's allowance, in whole numbers: V8 keeps those without an object for each. */
const wholeShare = 1_000_000;

/** What the paces of a front share. */
export class Paces {
  readonly #parts: PacesParts;
  #turn = 0;
  #turnEnds = false;

  constructor(parts: PacesParts) {
    this.#parts = parts;
  }

  get turnBytes(): number {
    return this.#parts.limits.turnBytes;
  }

  /** Number of this turn of the event loop: everything that was received at once. */
  get turn(): number {
    if (!this.#turnEnds) {
      this.#turnEnds = true;
      setImmediate(() => {
        this.#turnEnds = false;
        this.#turn = (this.#turn + 1) & 0x3fff_ffff;
      });
    }
    return this.#turn;
  }

  /** Number of this second, and how much of it is left. */
  second(): { readonly number: number; readonly leftMs: number } {
    const now = this.#parts.clock.monotonic();
    const number = Math.floor(now / secondMs);
    return { number, leftMs: (number + 1) * secondMs - now };
  }

  shareOf(packets: number, bytes: number): number {
    const { messagesPerSecond = Number.POSITIVE_INFINITY, bytesPerSecond = Number.POSITIVE_INFINITY } =
      this.#parts.limits;
    return Math.ceil(wholeShare * Math.max(packets / messagesPerSecond, bytes / bytesPerSecond));
  }

  after(ms: number, proceed: () => void): void {
    this.#parts.onSlowed?.();
    this.#parts.clock.after(ms, proceed, { unref: true });
  }
}

/** What one connection has used of its turn and of its second. */
export class Pace {
  readonly #paces: Paces;
  #turn = -1;
  #turnBytes = 0;
  #second = -1;
  #used = 0;
  /** True while the connection waits; nothing is to be read from it. */
  resting = false;

  constructor(paces: Paces) {
    this.#paces = paces;
  }

  /** Counts what came. When that is enough for now, the connection rests, and `whom` proceeds later. */
  count(packets: number, bytes: number, whom: Paced): void {
    if (this.#isEnoughForSecond(packets, bytes)) this.#rest(whom, this.#untilRepaidMs);
    else if (this.#isEnoughForTurn(bytes)) this.#rest(whom, undefined);
  }

  #isEnoughForTurn(bytes: number): boolean {
    const { turn, turnBytes } = this.#paces;
    if (turn !== this.#turn) this.#turnBytes = 0;
    this.#turn = turn;
    this.#turnBytes += bytes;
    return this.#turnBytes >= turnBytes;
  }

  #isEnoughForSecond(packets: number, bytes: number): boolean {
    const { number } = this.#paces.second();
    // What was too much is taken from the seconds that follow.
    if (number !== this.#second) this.#used = Math.max(0, this.#used - (number - this.#second) * wholeShare);
    this.#second = number;
    this.#used += this.#paces.shareOf(packets, bytes);
    return this.#used >= wholeShare;
  }

  /** The rest of this second, and those after it that are used up already: one read may bring more than a second's worth. */
  get #untilRepaidMs(): number {
    const usedUp = Math.floor(this.#used / wholeShare);
    return this.#paces.second().leftMs + (usedUp - 1) * secondMs;
  }

  #rest(whom: Paced, ms: number | undefined): void {
    if (this.resting) return;
    this.resting = true;
    const goOn = (): void => {
      this.resting = false;
      whom.proceed();
    };
    if (ms === undefined) setImmediate(goOn);
    else this.#paces.after(ms, goOn);
  }
}
