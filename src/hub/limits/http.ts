import { KiB, MiB, type Limit } from './limit.ts';

export const httpLimits = {
  headersMs: {
    unit: 'milliseconds',
    default: 8_000,
    least: 1_000,
    most: 120_000,
    what: 'From the begin of a connection, or of a request, to the end of its headers.',
    why: 'A peer that sends a byte now and then does not hold its place for long.',
  },
  headerBytes: {
    unit: 'bytes',
    default: 16 * KiB,
    least: 2 * KiB,
    most: 256 * KiB,
    what: 'The headers of a request; beyond it the answer is 431.',
    why: 'Tokens and properties of a message are headers.',
  },
  bodyBytes: {
    unit: 'bytes',
    default: 8 * MiB,
    least: 64 * KiB,
    most: 1_024 * MiB,
    what: 'The body of a request, files aside; beyond it the answer is 413. Many requests have a smaller limit of their own.',
    why: 'A hundred devices with full twins in one request fit.',
  },
  bodyMs: {
    unit: 'milliseconds',
    default: 30_000,
    least: 1_000,
    most: 3_600_000,
    what: 'From the headers of a request to the end of its body, files aside.',
    why: 'Such a body is held in memory until it is whole.',
  },
  bodyBytesPerSecond: {
    unit: 'bytes',
    default: 512,
    least: 1,
    most: 1 * MiB,
    what: 'How fast a body has to come at the least, files included, looked at every so often (bodyWindowMs); a slower one is cut.',
    why: 'The slowest mobile network has four times as much; a sender that trickles has almost nothing.',
  },
  bodyWindowMs: {
    unit: 'milliseconds',
    default: 8_000,
    least: 500,
    most: 600_000,
    what: 'The time over which that is measured. The hub being slow to take a body is not held against its sender.',
    why: 'A network that is gone for some seconds is no reason to begin again.',
  },
  keepAliveMs: {
    unit: 'milliseconds',
    default: 65_000,
    least: 0,
    most: 3_600_000,
    what: 'How long a connection without a request is kept.',
    why: 'Longer than the proxies in front of servers keep theirs.',
  },
  writeStallMs: {
    unit: 'milliseconds',
    default: 8_000,
    least: 500,
    most: 600_000,
    what: 'How long a peer may take nothing of an answer while something waits for it: telemetry, a firmware file, anything.',
    why: 'A reader that went away without a word is let go; one that was only slow goes on where it stood.',
  },
} as const satisfies Record<string, Limit>;

export const webSocketLimits = {
  messageBytes: {
    unit: 'bytes',
    default: 1 * MiB,
    least: 64 * KiB,
    most: 64 * MiB,
    what: 'One message inside a WebSocket, which is put together before it is read on.',
    why: 'Some SDKs put a whole publish in one.',
  },
  unauthenticatedBytes: {
    unit: 'bytes',
    default: 64 * KiB,
    least: 4 * KiB,
    most: 16 * MiB,
    what: 'What a stranger may send inside of a WebSocket before it has shown who it is; beyond it the connection is cut.',
    why: 'A message is held until it is whole, before MQTT or AMQP see any of it.',
  },
} as const satisfies Record<string, Limit>;
