import { MiB, type Limit } from './limit.ts';

/** Who may hold a connection. A stranger is a peer that has not shown yet who it is. */
export const connectionLimits = {
  total: {
    unit: 'count',
    default: 100_000,
    least: 16,
    most: 1_000_000,
    what: 'Connections of all ports together; further ones are closed before a byte of them is read.',
    why: 'Each takes a descriptor and memory. A hub that may open fewer files lowers this when it starts, and says so.',
  },
  operators: {
    unit: 'count',
    default: 64,
    least: 0,
    most: 10_000,
    what: 'Of these, how many only the HTTP ports get, without WebSockets; once it comes to them, each answer closes its connection.',
    why: 'A hub that is full of devices can still be looked at, and devices can be disabled.',
  },
  strangers: {
    unit: 'count',
    default: 2_048,
    least: 8,
    most: 1_000_000,
    what: 'Strangers at once; the one that has been there the longest makes room for the next, once it is past its grace.',
    why: 'After a restart all devices knock at once: those that are let in now are served soon, and the others come again.',
  },
  strangersPerAddress: {
    unit: 'count',
    default: 1_024,
    least: 4,
    most: 1_000_000,
    what: 'Strangers at once from one address, in the same manner.',
    why: 'One machine that knocks without end does not keep everybody else out. Behind one address may be a whole factory, so it is half of them.',
  },
  strangerGraceMs: {
    unit: 'milliseconds',
    default: 2_000,
    least: 0,
    most: 60_000,
    what: 'How long a stranger may stay when others want its place.',
    why: 'A device takes a few round trips to show who it is; who takes longer is slow, or waits for others to tire.',
  },
  handshakes: {
    unit: 'count',
    default: 256,
    least: 4,
    most: 100_000,
    what: 'TLS handshakes at once, in the same manner; further ones are closed before any of their cryptography.',
    why: 'A core makes some hundred handshakes in a second. A longer queue only makes all of them time out.',
  },
  handshakeMs: {
    unit: 'milliseconds',
    default: 8_000,
    least: 500,
    most: 120_000,
    what: 'From a connection with TLS to the end of its handshake.',
    why: 'A peer that sends a byte now and then does not hold its place for long.',
  },
} as const satisfies Record<string, Limit>;

/** What the hub holds for all peers together. */
export const memoryLimits = {
  unfinishedBytes: {
    unit: 'bytes',
    default: 256 * MiB,
    least: 1 * MiB,
    most: 64 * 1_024 * MiB,
    what: 'Packets, messages and request bodies that are not whole yet, of all connections together; whoever needs more is cut, or answered 503.',
    why: 'Ten thousand devices that each keep to their own limit would still be gigabytes, should they all stop in the middle.',
  },
} as const satisfies Record<string, Limit>;

/** What one device may ask of the hub, whichever protocol it speaks over a lasting connection. */
export const deviceLimits = {
  messagesPerSecond: {
    unit: 'count',
    default: 20_000,
    least: 1,
    most: 10_000_000,
    what: 'Packets of one MQTT connection in a second; beyond it the connection is not read until the next one, and nothing is lost.',
    why: 'No device of use sends as much, and one that runs wild leaves room for the others.',
  },
  bytesPerSecond: {
    unit: 'bytes',
    default: 32 * MiB,
    least: 1_024,
    most: 10_000 * MiB,
    what: 'Bytes of one MQTT connection in a second, in the same manner.',
    why: 'The same for large messages.',
  },
  turnBytes: {
    unit: 'bytes',
    default: 256 * 1_024,
    least: 1_024,
    most: 64 * MiB,
    what: 'Bytes that are read from one MQTT or AMQP connection before the others have their turn.',
    why: 'All of them share one thread; else what one has in its socket, megabytes, is worked off at a stretch.',
  },
} as const satisfies Record<string, Limit>;
