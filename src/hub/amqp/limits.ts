/** What a peer may ask of the hub over AMQP; what is announced in OPEN, BEGIN and ATTACH follows device.md §4.1. */
export interface AmqpLimits {
  /** The largest frame that is taken; also said in OPEN. */
  readonly frameBytes: number;
  /** From the connection's begin to its first token, certificate or login. */
  readonly unauthenticatedMs: number;
  /** Said in OPEN; a connection that is silent for longer is ended. */
  readonly idleMs: number;
  /** Sessions of one connection. C# and Java put up to 995 devices on one connection, a session each. */
  readonly sessions: number;
  /** Links of one connection. */
  readonly links: number;
  /** CBS tokens of one connection. */
  readonly tokens: number;
  /** Messages that are not complete yet, all links of a connection together. */
  readonly partialBytes: number;
  /** What waits to be sent to one peer; beyond it the peer is cut off. */
  readonly outboundBytes: number;
  /** How long a peer may leave what was sent to it unread. */
  readonly writeStallMs: number;
  /** After a good-bye, how long the peer may take to close before it is cut. */
  readonly lingerMs: number;
  /** On shutdown, how long to wait for messages on their way to disk, so that they are accepted. */
  readonly shutdownMs: number;
}

export const defaultAmqpLimits: AmqpLimits = {
  frameBytes: 64 * 1024,
  unauthenticatedMs: 20_000,
  idleMs: 240_000,
  sessions: 1_100,
  links: 12_000,
  tokens: 1_100,
  partialBytes: 4 * 1024 * 1024,
  outboundBytes: 4 * 1024 * 1024,
  writeStallMs: 10_000,
  lingerMs: 1_000,
  shutdownMs: 2_000,
};
