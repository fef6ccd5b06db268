/** Answers to questions about the hub's endpoint and its partitions. Source: service.md §9.5. */
import type { PartitionState } from '../../core/ports.ts';
import { int, long, strings, textOf, type AmqpMap, type Writable } from '../codec/values.ts';
import type { AmqpMessage, OutgoingMessage } from '../message.ts';
import { LinkRefusal } from '../route.ts';
import { unknownEntity, unknownPartition } from './errors.ts';
import { offsetOf } from './event-message.ts';

/** What the answers are made of. */
export interface EndpointFacts {
  /** Names of the entity in lower case; the first one is told. */
  readonly entities: readonly string[];
  /** When the hub was made, Unix milliseconds. */
  readonly createdAt: number;
  partitions(): Promise<readonly PartitionState[]>;
}

const hubType = 'com.microsoft:eventhub';
const partitionType = 'com.microsoft:partition';

/** The answer to a request, whatever it says: a question that cannot be answered gets a status and a reason. */
export async function answerManagement(request: AmqpMessage, facts: EndpointFacts): Promise<OutgoingMessage> {
  const { messageId, replyTo } = request.properties;
  try {
    const value = await answer(request.applicationProperties, facts);
    return reply({ status: 200, text: 'OK' }, value);
  } catch (error) {
    if (!(error instanceof LinkRefusal)) throw error;
    const { condition, description = condition } = error.error;
    const status = condition === 'amqp:not-found' ? 404 : 400;
    return reply({ status, text: description, condition }, undefined);
  }

  function reply(
    result: { status: number; text: string; condition?: string },
    value: ReadonlyMap<string, Writable> | undefined,
  ): OutgoingMessage {
    const applicationProperties = new Map<string, Writable>([
      ['status-code', int(result.status)],
      ['status-description', result.text],
    ]);
    if (result.condition !== undefined) applicationProperties.set('error-condition', result.condition);
    return { properties: { to: replyTo, correlationId: messageId }, applicationProperties, value: value ?? null };
  }
}

async function answer(question: AmqpMap, facts: EndpointFacts): Promise<ReadonlyMap<string, Writable>> {
  const operation = textOf(question.get('operation'));
  const type = textOf(question.get('type'));
  if (operation?.toUpperCase() !== 'READ' || (type !== hubType && type !== partitionType)) {
    const description = `There is no operation ${operation ?? ''} for ${type ?? 'nothing'} here.`;
    throw new LinkRefusal({ condition: 'amqp:not-implemented', description });
  }
  const name = textOf(question.get('name')) ?? '';
  if (!facts.entities.includes(name.toLowerCase())) throw unknownEntity(name);
  const partitions = await facts.partitions();
  return type === hubType
    ? hubAnswer(name, partitions.length, facts.createdAt)
    : partitionAnswer(name, textOf(question.get('partition')) ?? '', partitions);
}

function hubAnswer(name: string, count: number, createdAt: number): ReadonlyMap<string, Writable> {
  return new Map<string, Writable>([
    ['name', name],
    ['type', hubType],
    ['created_at', new Date(createdAt)],
    ['partition_count', int(count)],
    ['partition_ids', strings(Array.from({ length: count }, (_, partition) => String(partition)))],
  ]);
}

function partitionAnswer(
  name: string,
  partition: string,
  partitions: readonly PartitionState[],
): ReadonlyMap<string, Writable> {
  const state = partitionOf(partition, partitions);
  const isEmpty = state.first === state.next;
  return new Map<string, Writable>([
    ['name', name],
    ['type', partitionType],
    ['partition', partition],
    ['begin_sequence_number', long(isEmpty && state.next === 0 ? -1 : state.first)],
    ...lastEnqueued(state),
    ['is_partition_empty', isEmpty],
  ]);
}

/** What is known of the newest event of a partition; numbers go on after retention took everything. */
export function lastEnqueued({ next, lastTime }: PartitionState): [name: string, value: Writable][] {
  return [
    ['last_enqueued_sequence_number', long(next - 1)],
    ['last_enqueued_offset', offsetOf(next - 1)],
    ['last_enqueued_time_utc', new Date(lastTime ?? 0)],
  ];
}

/** The partition of this id, as decimal text without leading zeros. Throws LinkRefusal. */
export function partitionOf<State>(id: string, partitions: readonly State[]): State {
  const state = /^(0|[1-9]\d{0,3})$/.test(id) ? partitions[Number(id)] : undefined;
  if (state === undefined) throw unknownPartition(id, partitions.length);
  return state;
}
