/** MQTT topics between a device and the provisioning service. Source: device.md §5.2. */
import { percentDecode, splitPairs } from '../mqtt/pairs.ts';

export const registrationResponsesFilter = '$dps/registrations/res/#';

export type RegistrationTopic =
  | { readonly kind: 'register'; readonly requestId: string }
  | { readonly kind: 'status'; readonly requestId: string; readonly operationId: string };

const registerPath = '$dps/registrations/PUT/iotdps-register/?';
const statusPath = '$dps/registrations/GET/iotdps-get-operationstatus/?';
const responsePath = '$dps/registrations/res/';

export function registerTopic(requestId: string): string {
  return `${registerPath}$rid=${requestId}`;
}

export function operationStatusTopic(requestId: string, operationId: string): string {
  return `${statusPath}$rid=${requestId}&operationId=${operationId}`;
}

/** `$rid` comes first and no further `$` follows: SDKs split there. */
export function registrationResponseTopic(status: number, requestId: string, retryAfter?: number): string {
  const retry = retryAfter === undefined ? '' : `&retry-after=${retryAfter}`;
  return `${responsePath}${status}/?$rid=${requestId}${retry}`;
}

/** What a device asks for; undefined for a topic the service does not have. */
export function parseRegistrationTopic(topic: string): RegistrationTopic | undefined {
  const path = [registerPath, statusPath].find((known) => topic.startsWith(known));
  if (path === undefined) return undefined;
  const values = readValues(topic.slice(path.length));
  const requestId = values.get('$rid');
  if (!requestId) return undefined;
  if (path === registerPath) return { kind: 'register', requestId };
  return { kind: 'status', requestId, operationId: percentDecode(values.get('operationId') ?? '') };
}

/** An answer of the service; undefined when the topic is another. `retryAfter` is in seconds. */
export function parseRegistrationResponse(
  topic: string,
): { readonly status: number; readonly requestId: string; readonly retryAfter: number | undefined } | undefined {
  const match = /^\$dps\/registrations\/res\/(\d{3})\/\?(.*)$/.exec(topic);
  if (match === null) return undefined;
  const values = readValues(match[2] ?? '');
  const retryAfter = /^\d{1,6}$/.exec(values.get('retry-after') ?? '')?.[0];
  return {
    status: Number(match[1]),
    requestId: values.get('$rid') ?? '',
    retryAfter: retryAfter === undefined ? undefined : Number(retryAfter),
  };
}

function readValues(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of splitPairs(text)) if (value !== undefined && !values.has(name)) values.set(name, value);
  return values;
}
