import type { Duplex } from 'node:stream';
import { endAndLinger } from '../linger.ts';
import type { Timers } from '../timers.ts';
import type { AmqpLimits } from './limits.ts';

export type WireTimer = 'stall' | 'linger';

export interface WireParts {
  readonly stream: Duplex;
  readonly limits: AmqpLimits;
  readonly timers: Pick<Timers<WireTimer>, 'arm' | 'disarm' | 'disarmAll' | 'has'>;
  /** Called before gathered frames are sent: the last chance to add some. */
  readonly beforeFlush: () => void;
  readonly onBytes: (chunk: Buffer) => void;
  /** The peer has taken what was sent: more may follow. */
  readonly onDrain: () => void;
  /** The peer does not read. */
  readonly onStall: () => void;
  /** The stream is over. Called once. */
  readonly onClosed: (error: Error | undefined) => void;
}

/** The stream under a connection: frames of one turn leave in one write. */
export class Wire {
  readonly #parts: WireParts;
  readonly #stream: Duplex;
  #pending: Buffer[] = [];
  #scheduled = false;
  #closed = false;
  #error: Error | undefined;
  #wrote = false;

  constructor(parts: WireParts) {
    this.#parts = parts;
    this.#stream = parts.stream;
    const { stream } = parts;
    stream.on('data', parts.onBytes);
    stream.on('drain', () => {
      parts.timers.disarm('stall');
      parts.onDrain();
    });
    stream.on('error', (error: Error) => {
      this.#error = error;
      stream.destroy();
    });
    stream.on('end', () => this.#over());
    stream.on('close', () => this.#over());
  }

  /** True while the peer has not taken what was sent before. */
  get congested(): boolean {
    return this.#stream.writableNeedDrain;
  }

  /** True when something was written since it was last asked. */
  takeWrote(): boolean {
    const wrote = this.#wrote;
    this.#wrote = false;
    return wrote;
  }

  /** Sends the bytes at the end of this turn, with whatever else there is by then. */
  send(bytes: Buffer): void {
    this.#pending.push(bytes);
    this.schedule();
  }

  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      if (this.#scheduled) this.flush();
    });
  }

  flush(): void {
    this.#parts.beforeFlush();
    this.#scheduled = false;
    const pending = this.#pending;
    if (pending.length === 0) return;
    this.#pending = [];
    if (this.#closed || this.#stream.destroyed || this.#stream.writableEnded) return;
    this.#wrote = true;
    const bytes = pending.length === 1 && pending[0] !== undefined ? pending[0] : Buffer.concat(pending);
    if (this.#stream.write(bytes)) return;
    const { limits, timers, onStall } = this.#parts;
    if (this.#stream.writableLength > limits.outboundBytes) onStall();
    else if (!timers.has('stall')) timers.arm('stall', limits.writeStallMs, onStall);
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  get paused(): boolean {
    return this.#stream.isPaused();
  }

  /** Lets the last bytes out, then closes; a peer that does not follow is cut. */
  end(): void {
    this.flush();
    if (this.#stream.destroyed) return;
    endAndLinger(this.#stream);
    this.#parts.timers.arm('linger', this.#parts.limits.lingerMs, () => this.#stream.destroy());
  }

  destroy(): void {
    this.#stream.destroy();
  }

  #over(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#parts.timers.disarmAll();
    this.#parts.onClosed(this.#error);
    if (!this.#stream.destroyed) this.#stream.end();
  }
}
