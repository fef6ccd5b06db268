/** MQTT topics of both sides, written. Source: device.md §2.1. An identity is `{device}` or `{device}/{module}`, as in a ClientId. */

export const twinResponsesFilter = '$iothub/twin/res/#';
export const desiredFilter = '$iothub/twin/PATCH/properties/desired/#';
export const methodsFilter = '$iothub/methods/POST/#';

export function messagesFilter(identity: string): string {
  return `${identityPath(identity)}/messages/devicebound/#`;
}

/** What a module hears on its inputs. The cloud hub never sends there, but SDKs subscribe. */
export function inputsFilters(identity: string): readonly string[] {
  return [`${identityPath(identity)}/inputs/#`, `${identityPath(identity)}/#`];
}

/** A message to a device; the bag comes from `encodeBag` and is never empty (device.md §2.5). */
export function messageTopic(identity: string, bag: string): string {
  return `${identityPath(identity)}/messages/devicebound/${bag}`;
}

/** Where a device publishes telemetry; the bag comes from `encodeBag`. */
export function telemetryTopic(identity: string, bag = ''): string {
  return `${identityPath(identity)}/messages/events/${bag}`;
}

/** A device asks for its twin. */
export function twinGetTopic(requestId: string): string {
  return `$iothub/twin/GET/?$rid=${requestId}`;
}

/** A device merges its reported properties, optionally on condition of their version. */
export function twinPatchTopic(requestId: string, version?: number): string {
  return `$iothub/twin/PATCH/properties/reported/?$rid=${requestId}${version === undefined ? '' : `&$version=${version}`}`;
}

/** The hub answers a twin request; the request id is echoed as it came. */
export function twinResponseTopic(status: number, requestId: string, version?: number): string {
  return `$iothub/twin/res/${status}/?$rid=${requestId}${version === undefined ? '' : `&$version=${version}`}`;
}

/** The hub tells of changed desired properties. */
export function desiredTopic(version: number): string {
  return `$iothub/twin/PATCH/properties/desired/?$version=${version}`;
}

/** The hub calls a method. Nothing may follow the request id: C SDKs cut a fixed prefix off. */
export function methodRequestTopic(methodName: string, requestId: string): string {
  return `$iothub/methods/POST/${methodName}/?$rid=${requestId}`;
}

/** A device answers a method. */
export function methodResponseTopic(status: number, requestId: string): string {
  return `$iothub/methods/res/${status}/?$rid=${requestId}`;
}

/** `devices/{d}` or `devices/{d}/modules/{m}`; ids are raw in topics. */
export function identityPath(identity: string): string {
  const slash = identity.indexOf('/');
  return slash < 0 ? `devices/${identity}` : `devices/${identity.slice(0, slash)}/modules/${identity.slice(slash + 1)}`;
}
