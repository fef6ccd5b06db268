import { decodeBag, isUuidProperty, type UuidProperty } from '../../../protocol/mqtt/index.ts';
import type { Sender, StoredMessage } from '../../core/ports.ts';
import { AmqpUuid, long, type Writable } from '../codec/values.ts';
import type { OutgoingMessage } from '../message.ts';

const uuidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A stored message as an Event Hubs client gets it. Source: service.md §9.7, device.md §9. */
export function eventMessage(message: StoredMessage): OutgoingMessage {
  const { sender, sequenceNumber, enqueuedTime, bag, body } = message;
  const { system, properties } = decodeBag(bag);
  const time = new Date(enqueuedTime);
  const annotations = new Map<string, Writable>([
    ['x-opt-sequence-number', long(sequenceNumber)],
    ['x-opt-offset', offsetOf(sequenceNumber)],
    ['x-opt-enqueued-time', time],
    ['x-opt-partition-key', sender.deviceId],
    ...senderAnnotations(sender),
    ['iothub-enqueuedtime', time],
  ]);
  const dataSchema = sender.modelId === '' ? system['dt-dataschema'] : sender.modelId;
  for (const [name, value] of [
    ['dt-dataschema', dataSchema],
    ['dt-subject', system['dt-subject']],
    ['iothub-interface-id', system['iothub-interface-id']],
    ['iothub-creation-time-utc', system['iothub-creation-time-utc']],
  ] as const)
    if (value !== undefined) annotations.set(name, value);
  const applicationProperties = new Map<string, Writable>(Object.entries(properties));
  for (const name of ['iothub-message-schema', 'iothub-outputname'] as const) {
    const value = system[name];
    if (value !== undefined) applicationProperties.set(name, value);
  }
  const userId = system['user-id'];
  return {
    annotations,
    properties: {
      messageId: idOf(bag, 'message-id', system['message-id']),
      correlationId: idOf(bag, 'correlation-id', system['correlation-id']),
      userId: userId === undefined ? undefined : Buffer.from(userId),
      to: system.to,
      contentType: system['content-type'],
      contentEncoding: system['content-encoding'],
      expiresAt: timeOf(system['absolute-expiry-time']),
    },
    applicationProperties,
    body,
  };
}

/** An id with the type its sender gave it. */
function idOf(bag: string, name: UuidProperty, text: string | undefined): string | AmqpUuid | undefined {
  const isUuid = text !== undefined && isUuidProperty(bag, name) && uuidPattern.test(text);
  return isUuid ? new AmqpUuid(text) : text;
}

/** Offsets are decimal text that rises with the sequence number. Source: service.md §9.6. */
export function offsetOf(sequenceNumber: number): string {
  return String(sequenceNumber);
}

function senderAnnotations(sender: Sender): [name: string, value: Writable][] {
  const { deviceId, moduleId, generationId, source, auth } = sender;
  const { scope, type, issuer } = auth;
  const annotations: [string, Writable][] = [
    ['iothub-connection-device-id', deviceId],
    ['iothub-message-source', source],
  ];
  if (moduleId !== '') annotations.push(['iothub-connection-module-id', moduleId]);
  // What the hub tells by itself has no connection that was proved.
  if (source !== 'Telemetry') return annotations;
  const authMethod = JSON.stringify({ scope, type, issuer, acceptingIpFilterRule: null });
  annotations.push(['iothub-connection-auth-method', authMethod]);
  annotations.push(['iothub-connection-auth-generation-id', generationId]);
  return annotations;
}

/** A device may write anything where a time belongs; what is none is left out. */
function timeOf(text: string | undefined): number | undefined {
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}
