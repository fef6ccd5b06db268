import { codes, writeEnd, type Performative } from './codec/performatives.ts';
import { ProtocolError } from './protocol-error.ts';
import type { AmqpError, Claim, IncomingLink, OutgoingLink } from './route.ts';
import { Session, type SessionHost } from './session.ts';

/** The highest channel a peer may use. */
export const channelMax = 8_191;

/** The sessions of a connection, by channel. Source: AMQP 1.0 part 2.5. */
export class Channels {
  readonly #host: SessionHost;
  readonly #most: number;
  readonly #sessions = new Map<number, Session>();
  /** Sessions the hub has ended whose END the peer has not sent: what still comes on them is dropped. */
  readonly #ended = new Set<number>();
  #flushing = new Set<Session>();

  constructor(host: SessionHost, most: number) {
    this.#host = host;
    this.#most = most;
  }

  /** True when one has a link that the peer was allowed. */
  get used(): boolean {
    return [...this.#sessions.values()].some((session) => session.isUsed);
  }

  /** Takes what is not for the connection itself. Throws ProtocolError. */
  take(performative: Performative, frame: Buffer): void {
    const { channel, code } = performative;
    const session = this.#sessions.get(channel);
    if (this.#ended.has(channel)) {
      if (code === codes.end) this.#ended.delete(channel);
    } else if (code === codes.begin && session === undefined) {
      if (this.#sessions.size >= this.#most || channel > channelMax)
        throw new ProtocolError('amqp:resource-limit-exceeded', 'the connection has too many sessions');
      this.#sessions.set(channel, new Session(this.#host, performative));
    } else if (session === undefined) {
      throw new ProtocolError('amqp:not-allowed', 'a frame on a channel without a session');
    } else if (code === codes.end) {
      this.#sessions.delete(channel);
      session.over();
      this.#host.write((writer) => writeEnd(writer, channel, codes.end));
    } else {
      session.handle(performative, frame);
    }
  }

  /** The hub ends a session. */
  end(channel: number, error: AmqpError): void {
    const session = this.#sessions.get(channel);
    if (session === undefined) return;
    session.flush();
    this.#sessions.delete(channel);
    this.#ended.add(channel);
    session.over();
    this.#host.write((writer) => writeEnd(writer, channel, codes.end, error));
  }

  detachWhere(condition: (link: IncomingLink | OutgoingLink) => boolean, error: AmqpError): void {
    for (const session of this.#sessions.values()) session.detachWhere(condition, error);
  }

  /** Of all sessions, the links of a token that has run out. */
  detachExpired(claim: Claim): void {
    const error = { condition: 'amqp:unauthorized-access', description: 'The token has expired.' };
    for (const session of this.#sessions.values()) session.detachWhere((link) => link.handler?.claim === claim, error);
  }

  /** The session has something to say at the next flush. */
  wantsFlush(session: Session): void {
    this.#flushing.add(session);
  }

  flush(): void {
    if (this.#flushing.size === 0) return;
    const sessions = this.#flushing;
    this.#flushing = new Set();
    for (const session of sessions) session.flush();
  }

  /** The peer reads again. */
  wake(): void {
    for (const session of this.#sessions.values()) session.wake();
  }

  /** Says END for each; what they hold is given back by {@link over}. */
  sayEnd(): void {
    for (const channel of this.#sessions.keys()) this.#host.write((writer) => writeEnd(writer, channel, codes.end));
  }

  over(): void {
    for (const session of this.#sessions.values()) session.over();
    this.#sessions.clear();
  }
}
