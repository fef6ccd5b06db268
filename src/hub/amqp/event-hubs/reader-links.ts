import { HubError } from '../../../protocol/hub-errors.ts';
import { textOf, type AmqpValue } from '../codec/values.ts';
import type { AmqpContext } from '../context.ts';
import type { OutgoingLink, Sending } from '../route.ts';
import type { EndpointAddress } from './address.ts';
import { invalidStart, unknownConsumerGroup, unknownEntity, unreadableFilter } from './errors.ts';
import { startFeed } from './feed.ts';
import { startPositionOf, type StartPosition } from './filter.ts';
import { partitionOf, type EndpointFacts } from './management.ts';
import { Readers } from './readers.ts';

type PartitionAddress = Extract<EndpointAddress, { kind: 'partition' }>;

export interface ReaderLinksOptions {
  readonly facts: EndpointFacts;
  /** In lower case. */
  readonly consumerGroups: ReadonlySet<string>;
  readonly onError: (error: unknown) => void;
}

const metricsCapability = 'com.microsoft:enable-receiver-runtime-metric';

/** Opens links on which the events of a partition are read. Source: service.md §9.6, §9.8. */
export function createReaderLinks(
  { core: { telemetry }, clock }: AmqpContext,
  { facts, consumerGroups, onError }: ReaderLinksOptions,
): (link: OutgoingLink, address: PartitionAddress) => Promise<Sending> {
  const readers = new Readers();

  return async (link, { entity, consumerGroup, partition }) => {
    const claim = await link.connection.claims.eventHub();
    if (!facts.entities.includes(entity.toLowerCase())) throw unknownEntity(entity);
    if (!consumerGroups.has(consumerGroup.toLowerCase())) throw unknownConsumerGroup(entity, consumerGroup);
    const state = partitionOf(partition, await facts.partitions());
    const from = startPositionOf(link.filter);
    if (from === undefined) throw unreadableFilter();
    if (isBeyond(from, state.next)) throw invalidStart(state.next - 1);
    const leave = readers.enter(consumerGroup.toLowerCase(), Number(partition), {
      epoch: epochOf(link.properties.get('com.microsoft:epoch')),
      name: textOf(link.properties.get('com.microsoft:receiver-name')) ?? link.name,
      detach: (error) => link.detach(error),
    });
    try {
      const feed = await startFeed({
        telemetry,
        now: () => clock.now(),
        link,
        partition: Number(partition),
        from,
        withMetrics: link.desiredCapabilities.includes(metricsCapability),
        onFailure(error) {
          onError(error);
          link.detach({ condition: 'amqp:internal-error', description: 'The events could not be read.' });
        },
      });
      const closed = (): void => {
        feed.stop();
        leave();
      };
      return { claim, credit: () => feed.wake(), closed };
    } catch (error) {
      leave();
      throw error;
    }
  };
}

/** Epochs are whole numbers from 0. Throws HubError ArgumentInvalid. */
function epochOf(value: AmqpValue | undefined): number | undefined {
  if (value === undefined || value === null) return undefined;
  const epoch = typeof value === 'bigint' ? Number(value) : value;
  if (typeof epoch === 'number' && Number.isSafeInteger(epoch) && epoch >= 0) return epoch;
  throw new HubError('ArgumentInvalid', 'The epoch of a receiver must be a whole number from 0.');
}

function isBeyond(from: StartPosition, next: number): boolean {
  return typeof from === 'object' && 'sequenceNumber' in from && from.sequenceNumber > next;
}
