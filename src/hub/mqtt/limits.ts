import { defaultLimits, type HubLimits } from '../limits/index.ts';

/** Bounds of the MQTT front; what each means is in ../limits. Sizes in bytes, times in milliseconds. */
export type MqttLimits = HubLimits['mqtt'] & HubLimits['device'];

export const defaultMqttLimits: MqttLimits = { ...defaultLimits.mqtt, ...defaultLimits.device };

/** The largest topic MQTT allows, its length field and the packet identifier. */
const topicBytes = 65_535 + 4;

/** The largest packet read from a connected device. */
export function largestPacket(limits: MqttLimits): number {
  return limits.messageBytes + topicBytes;
}
