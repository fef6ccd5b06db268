/** Addresses of the Event Hubs-compatible endpoint. Source: service.md §9.5, §9.6. */

export type EndpointAddress =
  /** Questions about the hub and its partitions. The entity is undefined where only the request names it. */
  | { readonly kind: 'management'; readonly entity: string | undefined }
  | { readonly kind: 'partition'; readonly entity: string; readonly consumerGroup: string; readonly partition: string }
  /** Where events would be sent. */
  | { readonly kind: 'entity'; readonly entity: string };

const managementWord = '$management';
/** What a back end attaches to at the hub to be told where the endpoint is. */
const builtInPattern = /^\/?messages\/events(?=\/|$)/i;
const partitionPattern = /^\/?([^/]+)\/ConsumerGroups\/([^/]+)\/Partitions\/([^/]+)$/i;
const entityPattern = /^\/?([^/$][^/]*)(?:\/Partitions\/[^/]+)?$/i;

/** Takes an address apart; undefined when it is none of the endpoint's. Fixed words are compared without regard to case. */
export function parseEndpointAddress(address: string): EndpointAddress | undefined {
  const [, entity, consumerGroup, partition] = partitionPattern.exec(address) ?? [];
  if (entity !== undefined && consumerGroup !== undefined && partition !== undefined)
    return { kind: 'partition', entity, consumerGroup, partition };
  const path = address.startsWith('/') ? address.slice(1) : address;
  const words = path.split('/');
  if (words.at(-1)?.toLowerCase() === managementWord && words.length <= 2)
    return { kind: 'management', entity: words.length === 2 ? words[0] : undefined };
  const [, target] = entityPattern.exec(address) ?? [];
  return target === undefined ? undefined : { kind: 'entity', entity: target };
}

/** What follows `messages/events` in an address, `/$management` perhaps or nothing; undefined for another address. */
export function builtInEndpointPath(address: string): string | undefined {
  const match = builtInPattern.exec(address);
  return match === null ? undefined : address.slice(match[0].length);
}
