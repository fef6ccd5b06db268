import type { JsonValue } from '../../std/json.ts';

/** How the sender proved itself; becomes `iothub-connection-auth-method`. Source: device.md §9. */
export interface AuthMethod {
  scope: 'hub' | 'device' | 'module';
  type: 'sas' | 'symkey' | 'x509';
  issuer: string;
}

/** What a message on the telemetry side is; becomes `iothub-message-source`. Source: device.md §9. */
export const messageSources = [
  'Telemetry',
  'twinChangeEvents',
  'deviceLifecycleEvents',
  'moduleLifecycleEvents',
  'deviceConnectionStateEvents',
  'deviceJobLifecycleEvents',
  'digitalTwinChangeEvents',
  // Of iotctl's hub alone: what happens to messages on their way to devices.
  'deviceMessageEvents',
] as const;
export type MessageSource = (typeof messageSources)[number];

/** What hubs tell by themselves, in the cloud too. */
export const eventSources: readonly MessageSource[] = messageSources.filter(
  (source) => source !== 'Telemetry' && source !== 'deviceMessageEvents',
);

/** Of those, what iotctl's own hub tells. */
export const toldSources = [
  'twinChangeEvents',
  'deviceLifecycleEvents',
  'moduleLifecycleEvents',
  'deviceConnectionStateEvents',
] as const satisfies readonly MessageSource[];

/** System properties a sender may set, by their service-side names. Source: device.md §2.3. */
export interface SystemProperties {
  'message-id'?: string;
  'correlation-id'?: string;
  'user-id'?: string;
  to?: string;
  'absolute-expiry-time'?: string;
  'content-type'?: string;
  'content-encoding'?: string;
  'iothub-creation-time-utc'?: string;
  'iothub-interface-id'?: string;
  'iothub-message-schema'?: string;
  'iothub-outputname'?: string;
  'dt-subject'?: string;
  'dt-dataschema'?: string;
}

/** A telemetry message as readers get it: from the hub's log, from an Event Hubs endpoint, or in a test. */
export interface TelemetryMessage {
  readonly deviceId: string;
  readonly moduleId?: string;
  /** Absent for telemetry itself. */
  readonly source?: MessageSource;
  readonly partition: number;
  /** Per partition, from 0, without holes. */
  readonly sequenceNumber: number;
  /** When the hub stored it, ISO 8601 with milliseconds. */
  readonly enqueuedTime: string;
  readonly system: SystemProperties;
  /** Application properties, names as the sender wrote them. */
  readonly properties: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** The body as JSON where it is JSON, else undefined. */
export type ParsedBody = JsonValue | undefined;
