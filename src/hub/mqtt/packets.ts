/** Control packets, by mqtt-packet. The hot path (PUBLISH in, PUBACK out) is in publish.ts and acknowledgements.ts. */
import mqttPacket, { type Packet } from 'mqtt-packet';
import type { Frame } from './frame-reader.ts';

// Else the first packet makes 65,536 buffers, one for every number there is: 8 MB for nothing, as packets are written rarely here.
mqttPacket.writeToStream.cacheNumbers = false;

/** MQTT 3.1.1 §2.2.1. */
export const packetTypes = {
  connect: 1,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  unsubscribe: 10,
  pingreq: 12,
  disconnect: 14,
} as const;

export const pingResponse: Uint8Array = Uint8Array.of(0xd0, 0);

/** MQTT 3.1.1 §3.2.2.3. */
export const connackCodes = {
  accepted: 0,
  protocolRefused: 1,
  identifierRejected: 2,
  serverUnavailable: 3,
  notAuthorized: 5,
} as const;

/**
 * CONNACK of MQTT 5 with reason code 0x84, unsupported protocol version, in the form of MQTT 5: a client of that version could not
 * read another (MQTT 5 §3.2.2.2, §4.13).
 */
export const unsupportedVersion5: Uint8Array = Uint8Array.of(0x20, 3, 0, 0x84, 0);

export type ConnackCode = (typeof connackCodes)[keyof typeof connackCodes];

export function connack(returnCode: ConnackCode, sessionPresent = false): Uint8Array {
  return Uint8Array.of(0x20, 2, sessionPresent ? 1 : 0, returnCode);
}

interface Decoder {
  /** The packet in these bytes, or undefined when they are not exactly one. */
  decode(bytes: Buffer): Packet | undefined;
}

/** One whole packet, or undefined when it is malformed. Buffers in it are views into the frame. */
export function decodePacket(frame: Frame): Packet | undefined {
  return lastingDecoder.decode(frame.buffer.subarray(frame.at, frame.end));
}

/** To make a parser costs more than most packets do, so one serves all until it has met a bad packet. */
const lastingDecoder: Decoder = newLastingDecoder();

function newLastingDecoder(): Decoder {
  let decoder: Decoder | undefined;
  return {
    decode(bytes) {
      decoder ??= newDecoder();
      const packet = decoder.decode(bytes);
      // It may hold back a part of what it could not read.
      if (packet === undefined) decoder = undefined;
      return packet;
    },
  };
}

function newDecoder(): Decoder {
  const parser = mqttPacket.parser({ protocolVersion: 4 });
  let packet: Packet | undefined;
  let failed = false;
  parser.on('packet', (parsed) => {
    packet = parsed;
  });
  parser.on('error', () => {
    failed = true;
  });
  return {
    decode(bytes) {
      packet = undefined;
      try {
        const left = parser.parse(bytes);
        const decoded = failed || left > 0 ? undefined : packet;
        packet = undefined;
        return decoded;
      } catch {
        // The parser reads past the end of some truncated packets instead of reporting them.
        return undefined;
      }
    },
  };
}

const longestTopic = 65_535;

/** QoS 1 with its packet identifier; QoS 0 when it has none. */
export interface Delivery {
  readonly packetIdentifier: number;
  /** True when the device may have it already. */
  readonly dup: boolean;
}

/** A message to a device; undefined when the topic is too long to be written. */
export function encodeMessage(
  topic: string,
  payload: string | Uint8Array,
  delivery?: Delivery,
): Uint8Array | undefined {
  if (Buffer.byteLength(topic) > longestTopic) return undefined;
  const body = typeof payload === 'string' ? payload : Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  const message = { cmd: 'publish', retain: false, topic, payload: body } as const;
  if (delivery === undefined) return encode({ ...message, qos: 0, dup: false });
  return encode({ ...message, qos: 1, dup: delivery.dup, messageId: delivery.packetIdentifier });
}

/** The packet identifier of a PUBACK; undefined when the packet is malformed. */
export function readPuback({ buffer, at, start, end }: Frame): number | undefined {
  const identifier = buffer[at] === 0x40 && end - start === 2 ? buffer.readUInt16BE(start) : 0;
  return identifier === 0 ? undefined : identifier;
}

export function encodeSuback(messageId: number, granted: number[]): Uint8Array | undefined {
  return encode({ cmd: 'suback', messageId, granted });
}

export function encodeUnsuback(messageId: number): Uint8Array | undefined {
  return encode({ cmd: 'unsuback', messageId, granted: [] });
}

function encode(packet: Packet): Uint8Array | undefined {
  try {
    return mqttPacket.generate(packet, { protocolVersion: 4 });
  } catch {
    return undefined;
  }
}
