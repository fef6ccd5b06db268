/** What a device publishes, read on the hub's side. Source: device.md §2.1, §2.2. */
import { identityPath } from './topics.ts';
import { splitPairs } from './pairs.ts';

export type DeviceTopic =
  | { readonly kind: 'telemetry'; readonly bag: string }
  | { readonly kind: 'twin-get'; readonly rid: string }
  /** Without `rid` it is applied and not answered. `version` is the reported version the device builds on. */
  | { readonly kind: 'twin-patch'; readonly rid?: string; readonly version?: number }
  /** `status` is undefined when it is not an integer: the caller gets an error, the connection stays. */
  | { readonly kind: 'method-response'; readonly status: number | undefined; readonly rid: string }
  /** The connection is to be closed. */
  | { readonly kind: 'forbidden'; readonly reason: string };

const twinGet = '$iothub/twin/GET/';
const twinPatch = '$iothub/twin/PATCH/properties/reported/';
const methodResponse = '$iothub/methods/res/';

/** Says what a publish of the identity (`{device}` or `{device}/{module}`) means. */
export function parsePublishTopic(topic: string, identity: string): DeviceTopic {
  if (topic.startsWith('devices/')) return parseEvents(topic, identity);
  if (topic.startsWith(twinGet)) return parseTwinGet(topic.slice(twinGet.length));
  if (topic.startsWith(twinPatch)) return parseTwinPatch(topic.slice(twinPatch.length));
  if (topic.startsWith(methodResponse)) return parseMethodResponse(topic.slice(methodResponse.length));
  return forbidden('publish to a topic that is not a device topic');
}

/** The bag of a telemetry topic of this identity, without its optional closing slash; undefined for any other topic. */
export function telemetryBag(topic: string, identity: string): string | undefined {
  const path = identityPath(identity);
  const events = '/messages/events';
  if (!topic.startsWith(path) || !topic.startsWith(events, path.length)) return undefined;
  const end = path.length + events.length;
  if (topic.length === end) return '';
  if (topic[end] !== '/') return undefined;
  const bag = topic.slice(end + 1, topic.endsWith('/') ? -1 : undefined);
  // SDKs encode a slash in a value, hand-written clients forget it; one before any value means a longer topic.
  const slash = bag.indexOf('/');
  return slash >= 0 && !bag.slice(0, slash).includes('=') ? undefined : bag;
}

function parseEvents(topic: string, identity: string): DeviceTopic {
  const bag = telemetryBag(topic, identity);
  return bag === undefined
    ? forbidden('publish to a topic that does not belong to the device')
    : { kind: 'telemetry', bag };
}

function parseTwinGet(rest: string): DeviceTopic {
  const parameters = readParameters(rest);
  if (parameters?.rid === undefined) return forbidden('twin read without $rid, or with a longer path');
  return { kind: 'twin-get', rid: parameters.rid };
}

function parseTwinPatch(rest: string): DeviceTopic {
  const parameters = rest === '' ? {} : readParameters(rest);
  if (parameters === undefined) return forbidden('reported properties with a longer path');
  const { rid, version } = parameters;
  const number = version === undefined ? undefined : integer(version);
  if (version !== undefined && number === undefined)
    return forbidden('reported properties with a $version that is not an integer');
  return {
    kind: 'twin-patch',
    ...(rid === undefined ? {} : { rid }),
    ...(number === undefined ? {} : { version: number }),
  };
}

function parseMethodResponse(rest: string): DeviceTopic {
  const slash = rest.indexOf('/');
  const parameters = slash < 0 ? undefined : readParameters(rest.slice(slash + 1));
  if (parameters?.rid === undefined) return forbidden('method answer without $rid, or with a longer path');
  return { kind: 'method-response', status: integer(rest.slice(0, slash)), rid: parameters.rid };
}

/** Reads `?$rid=…&$version=…`; undefined when the text is no parameter list. The request id is not decoded: it is echoed. */
export function readParameters(text: string): { rid?: string; version?: string } | undefined {
  if (!text.startsWith('?')) return undefined;
  const found: { rid?: string; version?: string } = {};
  for (const [name, value] of splitPairs(text.slice(1))) {
    if (value === undefined || value === '') continue;
    if (name === '$rid' || name === '%24rid') found.rid ??= value;
    if (name === '$version' || name === '%24version') found.version ??= value;
  }
  return found;
}

/** A decimal integer within the safe range, else undefined. */
export function integer(text: string): number | undefined {
  const value = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}

function forbidden(reason: string): DeviceTopic {
  return { kind: 'forbidden', reason };
}
