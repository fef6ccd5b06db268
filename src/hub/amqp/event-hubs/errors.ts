/** How the endpoint refuses; the texts begin as those of Event Hubs do, because SDKs and people look for them. Source: service.md §9. */
import { LinkRefusal } from '../route.ts';

export function unknownEntity(entity: string): LinkRefusal {
  return refusal('amqp:not-found', `The messaging entity '${entity}' could not be found.`);
}

export function unknownConsumerGroup(entity: string, group: string): LinkRefusal {
  return refusal(
    'amqp:not-found',
    `The messaging entity '${entity}/ConsumerGroups/${group}' could not be found. A hub is given consumer groups with: iotctl hub start --consumer-group NAME`,
  );
}

export function unknownPartition(partition: string, count: number): LinkRefusal {
  return refusal(
    'com.microsoft:argument-out-of-range',
    `The specified partition is invalid for an EventHub partition sender or receiver. It should be between 0 and ${count - 1}. PartitionId: ${partition}`,
  );
}

export function unreadableFilter(): LinkRefusal {
  return refusal('com.microsoft:argument-error', 'The filter of the receiver cannot be understood.');
}

/** A position of another log, one that was removed perhaps. */
export function invalidStart(last: number): LinkRefusal {
  return refusal(
    'com.microsoft:argument-error',
    `The supplied offset or sequence number is invalid. The last sequence number in the system is '${last}'`,
  );
}

export function readOnlyEndpoint(): LinkRefusal {
  return refusal(
    'amqp:unauthorized-access',
    "Unauthorized access. 'Send' claim(s) are required to perform this operation: events come from devices alone.",
  );
}

export function refusal(condition: string, description: string): LinkRefusal {
  return new LinkRefusal({ condition, description });
}
