import type { AmqpError } from '../route.ts';
import { refusal } from './errors.ts';

/** A receiver as the others of its consumer group and partition see it. */
export interface Reader {
  /** Its owner level; undefined when it claims the partition for nobody. */
  readonly epoch: number | undefined;
  /** What it calls itself, for the message to whoever is displaced. */
  readonly name: string;
  detach(error: AmqpError): void;
}

/** Source: service.md §9.8. */
const mostReaders = 5;

/** Who reads which partition for which consumer group, over all connections. */
export class Readers {
  readonly #groups = new Map<string, Set<Reader>>();

  /**
   * Lets a reader in: one with an epoch displaces those with a lower or equal one and those without. The returned function takes it
   * out again. Throws LinkRefusal `amqp:link:stolen` or `amqp:resource-limit-exceeded`.
   */
  enter(consumerGroup: string, partition: number, reader: Reader): () => void {
    const key = `${partition} ${consumerGroup}`;
    const readers = this.#groups.get(key) ?? new Set();
    const owner = [...readers].find(({ epoch }) => epoch !== undefined);
    if (reader.epoch === undefined) {
      if (owner !== undefined) throw stolen(reader, owner);
      if (readers.size >= mostReaders) throw tooMany(readers);
    } else {
      if (owner?.epoch !== undefined && owner.epoch > reader.epoch) throw stolen(reader, owner);
      for (const displaced of readers) displaced.detach(stolen(displaced, reader).error);
      readers.clear();
    }
    this.#groups.set(key, readers.add(reader));
    return () => {
      readers.delete(reader);
      if (readers.size === 0 && this.#groups.get(key) === readers) this.#groups.delete(key);
    };
  }
}

function stolen(loser: Reader, winner: Reader): ReturnType<typeof refusal> {
  const description =
    loser.epoch === undefined
      ? `Receiver '${winner.name}' with epoch '${winner.epoch}' already exists. Receiver '${loser.name}' without epoch cannot read beside it.`
      : `Receiver '${winner.name}' with a higher or equal epoch of '${winner.epoch}' is there, hence receiver '${loser.name}' with epoch '${loser.epoch}' is disconnected. A receiver that is made again needs a higher epoch.`;
  return refusal('amqp:link:stolen', description);
}

function tooMany(readers: ReadonlySet<Reader>): ReturnType<typeof refusal> {
  const names = [...readers].map(({ name }) => `'${name}'`).join(', ');
  return refusal(
    'amqp:resource-limit-exceeded',
    `Exceeded the maximum number of allowed receivers per partition in a consumer group which is ${mostReaders}. Connected receivers: ${names}.`,
  );
}
