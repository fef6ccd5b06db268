import { bodyAsJson, type MessageSource, type TelemetryMessage } from '../../protocol/telemetry/index.ts';
import type { JsonValue } from '../../std/json.ts';

/** Something a hub tells about a device or module. */
export interface DeviceEvent {
  readonly deviceId: string;
  readonly moduleId?: string;
  /** When it happened, ISO 8601 with milliseconds. */
  readonly time: string;
  /** One of the known words, or what the hub calls it. */
  readonly event: string;
  readonly source: MessageSource;
  /** What the hub says of it: a twin in short, a patch, the state of a message. */
  readonly details: JsonValue;
}

/** What can be chosen of a hub's events. */
export const eventTypes = ['connected', 'disconnected', 'created', 'deleted', 'twin'] as const;
export type EventType = (typeof eventTypes)[number];

/** Where events of these types are; of every type when none is named. */
export const typeSources = {
  connected: ['deviceConnectionStateEvents'],
  disconnected: ['deviceConnectionStateEvents'],
  created: ['deviceLifecycleEvents', 'moduleLifecycleEvents'],
  deleted: ['deviceLifecycleEvents', 'moduleLifecycleEvents'],
  twin: ['twinChangeEvents'],
} as const satisfies Record<EventType, readonly MessageSource[]>;

/** The event a message is. Its operation is among its properties (device.md §9). */
export function readDeviceEvent(message: TelemetryMessage): DeviceEvent {
  const { deviceId, moduleId, enqueuedTime, properties, source = 'Telemetry' } = message;
  return {
    deviceId,
    ...(moduleId === undefined ? {} : { moduleId }),
    time: enqueuedTime,
    event: wordOf(properties['opType'] ?? source),
    source,
    details: bodyAsJson(message) ?? null,
  };
}

/** The type of an event; undefined for one that has none of them. */
export function typeOfEvent({ event }: DeviceEvent): EventType | undefined {
  return event.startsWith('twin-') ? 'twin' : eventTypes.find((type) => type === event);
}

const words: Readonly<Record<string, string>> = {
  updateTwin: 'twin-changed',
  replaceTwin: 'twin-replaced',
  createDeviceIdentity: 'created',
  createModuleIdentity: 'created',
  deleteDeviceIdentity: 'deleted',
  deleteModuleIdentity: 'deleted',
};

/** `deviceConnected` is `connected`, `messageDeliveryCountExceeded` is `delivery-count-exceeded`. */
function wordOf(operation: string): string {
  const [, rest] = /^(?:device|module|message)([A-Z].*)$/.exec(operation) ?? [];
  return words[operation] ?? rest?.replaceAll(/(?<!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase() ?? operation;
}
