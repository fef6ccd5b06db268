import type { AmqpContext } from './context.ts';
import { ProtocolError } from './protocol-error.ts';

/** Links of a peer that has not shown a token: those for tokens, or of one device with a certificate, or of one that registers. */
const linksBeforeToken = 128;
/** Refused links that the peer need not have taken away yet. */
const refusedLinks = 64;

/** What one connection holds of the hub, and how much of that it may. */
export class Share {
  readonly #context: Pick<AmqpContext, 'limits' | 'unfinished'>;
  #links = 0;
  #hadToken = false;
  #strangerBytes = 0;
  #partialBytes = 0;
  #isOver = false;

  constructor(context: Pick<AmqpContext, 'limits' | 'unfinished'>) {
    this.#context = context;
  }

  /** False when there is one link too many, which is then to be refused. Throws ProtocolError when those pile up too. */
  countLink(change: 1 | -1, hasToken: boolean): boolean {
    this.#links += change;
    this.#hadToken ||= hasToken;
    const { links } = this.#context.limits;
    const most = this.#hadToken ? links : Math.min(links, linksBeforeToken);
    if (change > 0 && this.#links > most + refusedLinks)
      throw new ProtocolError('amqp:resource-limit-exceeded', 'the connection has too many links');
    return this.#links <= most;
  }

  /** Bytes of messages that are not whole yet, more of them or fewer. False when they are too many. */
  holdPartial(bytes: number): boolean {
    const { limits, unfinished } = this.#context;
    // What is left when the connection ends was given back with it.
    if (this.#isOver) return bytes <= 0;
    if (this.#partialBytes + bytes > limits.partialBytes) return false;
    if (bytes < 0) unfinished.release(-bytes);
    else if (!unfinished.hold(bytes)) return false;
    this.#partialBytes += bytes;
    return true;
  }

  /** Of a peer that has not shown who it is. False when it has sent too much for that. */
  countStranger(bytes: number): boolean {
    this.#strangerBytes += bytes;
    return this.#strangerBytes <= this.#context.limits.unauthenticatedBytes;
  }

  /** Gives everything back. */
  over(): void {
    this.#context.unfinished.release(this.#partialBytes);
    this.#partialBytes = 0;
    this.#isOver = true;
  }
}
