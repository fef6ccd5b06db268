/** What the hub publishes, read on the device's side. Source: device.md §2.1, §2.6, §2.7. Each answers undefined for another topic. */
import { integer, readParameters } from './device-topics.ts';

const twinResponse = '$iothub/twin/res/';
const desired = '$iothub/twin/PATCH/properties/desired/';
const methodRequest = '$iothub/methods/POST/';

export function parseTwinResponse(topic: string): { status: number; rid: string; version?: number } | undefined {
  const parsed = splitLevel(topic, twinResponse);
  const status = parsed === undefined ? undefined : integer(parsed.level);
  const rid = parsed?.parameters.rid;
  if (parsed === undefined || status === undefined || rid === undefined) return undefined;
  const version = integer(parsed.parameters.version ?? '');
  return { status, rid, ...(version === undefined ? {} : { version }) };
}

export function parseDesiredTopic(topic: string): { version: number } | undefined {
  if (!topic.startsWith(desired)) return undefined;
  const version = integer(readParameters(topic.slice(desired.length))?.version ?? '');
  return version === undefined ? undefined : { version };
}

export function parseMethodRequestTopic(topic: string): { methodName: string; rid: string } | undefined {
  const parsed = splitLevel(topic, methodRequest);
  const rid = parsed?.parameters.rid;
  return parsed === undefined || parsed.level === '' || rid === undefined
    ? undefined
    : { methodName: parsed.level, rid };
}

function splitLevel(
  topic: string,
  prefix: string,
): { level: string; parameters: { rid?: string; version?: string } } | undefined {
  if (!topic.startsWith(prefix)) return undefined;
  const slash = topic.indexOf('/', prefix.length);
  const parameters = slash < 0 ? undefined : readParameters(topic.slice(slash + 1));
  return parameters === undefined ? undefined : { level: topic.slice(prefix.length, slash), parameters };
}
