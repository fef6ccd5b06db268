/** The property bag at the end of a telemetry topic. Source: device.md §2.3. */
import type { SystemProperties } from '../telemetry/message.ts';
import { percentDecode, percentEncode, splitPairs } from './pairs.ts';

export interface PropertyBag {
  readonly system: SystemProperties;
  /** Application properties, in order of writing. Has no prototype: any name is safe. */
  readonly properties: Readonly<Record<string, string>>;
}

/** Wire name to service-side name, in the order of writing. What the hub stamps itself is absent, so no device can set it. */
const systemNames: ReadonlyMap<string, keyof SystemProperties> = new Map([
  ['$.mid', 'message-id'],
  ['$.cid', 'correlation-id'],
  ['$.uid', 'user-id'],
  ['$.to', 'to'],
  ['$.exp', 'absolute-expiry-time'],
  ['$.ct', 'content-type'],
  ['$.ce', 'content-encoding'],
  ['$.on', 'iothub-outputname'],
  ['$.sub', 'dt-subject'],
  ['$.ifid', 'iothub-interface-id'],
  ['$.ctime', 'iothub-creation-time-utc'],
  ['$.schema', 'iothub-message-schema'],
] as const);

/** Ids that came over AMQP as UUIDs rather than text: who reads them over AMQP gets them back as such. Names of our own, inside the hub. */
const uuidNames: ReadonlyMap<string, UuidProperty> = new Map([
  ['$.mid-uuid', 'message-id'],
  ['$.cid-uuid', 'correlation-id'],
]);
export type UuidProperty = 'message-id' | 'correlation-id';

/**
 * Reads a bag. Total: broken encoding is kept as it stands, a name without value is an empty string, the first of two equal
 * names wins, unknown `$.x` names are application properties.
 */
export function decodeBag(bag: string): { system: SystemProperties; properties: Record<string, string> } {
  const system = Object.create(null) as SystemProperties;
  const properties = Object.create(null) as Record<string, string>;
  for (const [rawName, rawValue] of splitPairs(bag.endsWith('/') ? bag.slice(0, -1) : bag)) {
    const name = percentDecode(rawName);
    const value = rawValue === undefined ? '' : percentDecode(rawValue);
    const known = name.startsWith('$.') ? (systemNames.get(name) ?? uuidNames.get(name)) : undefined;
    if (known === undefined) properties[name] ??= value;
    else system[known] ??= value;
  }
  return { system, properties };
}

/** Writes a bag: system properties first and as `%24.x`, because some device SDKs compare that text. `uuids` are written as such. */
export function encodeBag(bag: PropertyBag, uuids?: ReadonlySet<UuidProperty>): string {
  const pairs: string[] = [];
  for (const [wire, name] of systemNames) {
    const value = bag.system[name];
    const suffix = uuids?.has(name as UuidProperty) === true ? '-uuid' : '';
    if (value !== undefined) pairs.push(`%24${wire.slice(1)}${suffix}=${percentEncode(value)}`);
  }
  return [...pairs, ...pairsOf(bag.properties)].join('&');
}

/** A bag of application properties alone. */
export function encodeProperties(properties: PropertyBag['properties']): string {
  return pairsOf(properties).join('&');
}

function pairsOf(properties: PropertyBag['properties']): string[] {
  return Object.entries(properties).map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`);
}

/** True when this id of the message is a UUID rather than text. */
export function isUuidProperty(bag: string, name: UuidProperty): boolean {
  return bag.includes(name === 'message-id' ? '%24.mid-uuid=' : '%24.cid-uuid=');
}

/** Adds what the hub itself notes about a message (`mqtt-retain`, `iothub-MessageType`). Its value wins over the device's. */
export function stampBag(bag: string, name: string, value: string): string {
  const stamp = `${percentEncode(name)}=${percentEncode(value)}`;
  return bag === '' ? stamp : `${stamp}&${bag}`;
}
