/** Bounds of the MQTT front. Sizes in bytes, times in milliseconds. */
export interface MqttLimits {
  /** A packet before the CONNECT is accepted; what an unknown peer can make the hub hold. */
  readonly connectBytes: number;
  /** From the first byte of the connection to a whole CONNECT. */
  readonly connectTimeoutMs: number;
  /** A telemetry message, body and property bag together. Source: device.md §1.4. */
  readonly messageBytes: number;
  /** The longest silence of a device, whatever keep-alive it asked for. Source: device.md §1.4. */
  readonly longestSilenceMs: number;
  /** What waits to be sent to one device; beyond it the device is cut off. */
  readonly outboundBytes: number;
  /** How long a device may leave what was sent to it unread. */
  readonly writeStallMs: number;
  /** Twin requests of one connection at once; the next one waits unread in the socket. */
  readonly pendingRequests: number;
  /** Messages on their way to one device that it has not acknowledged yet. */
  readonly messagesInFlight: number;
  /** Topic filters of one device. */
  readonly subscriptions: number;
  /** After a refusal or a good-bye, how long the peer may take to close before it is cut. */
  readonly lingerMs: number;
  /** On shutdown, how long to wait for messages on their way to disk, so that they are acknowledged. */
  readonly shutdownMs: number;
}

export const defaultMqttLimits: MqttLimits = {
  connectBytes: 16 * 1024,
  connectTimeoutMs: 10_000,
  messageBytes: 256 * 1024,
  longestSilenceMs: 1_767_000,
  outboundBytes: 1024 * 1024,
  writeStallMs: 10_000,
  pendingRequests: 16,
  messagesInFlight: 8,
  subscriptions: 50,
  lingerMs: 1_000,
  shutdownMs: 2_000,
};

/** The largest topic MQTT allows, its length field and the packet identifier. */
const topicBytes = 65_535 + 4;

/** The largest packet read from a connected device. */
export function largestPacket(limits: MqttLimits): number {
  return limits.messageBytes + topicBytes;
}
