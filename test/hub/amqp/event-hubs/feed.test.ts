import { describe, expect, it, onTestFinished } from 'vitest';
import { startFeed, type Feed, type FeedOptions } from '../../../../src/hub/amqp/event-hubs/feed.ts';
import type { OutgoingMessage } from '../../../../src/hub/amqp/message.ts';
import type { TelemetryLog } from '../../../../src/hub/core/ports.ts';
import { store, temporaryLog } from '../../../support/telemetry-log.ts';

/** A receiver that takes what it has credit for and tells when it has so many. */
class Receiver {
  readonly taken: OutgoingMessage[] = [];
  credit = 0;
  feed: Feed | undefined;
  #waiting: { readonly count: number; readonly done: () => void } | undefined;

  send(message: OutgoingMessage): void {
    expect(this.credit).toBeGreaterThan(0);
    this.credit--;
    this.taken.push(message);
    if (this.taken.length === this.#waiting?.count) this.#waiting.done();
  }

  grant(credit: number): void {
    this.credit += credit;
    this.feed?.wake();
  }

  has(count: number): Promise<void> {
    if (this.taken.length >= count) return Promise.resolve();
    return new Promise((done) => (this.#waiting = { count, done }));
  }

  get bodies(): string[] {
    return this.taken.map(({ body }) => Buffer.from(body ?? []).toString('utf8'));
  }
}

async function open(
  log: Pick<TelemetryLog, 'read' | 'partitions'>,
  options: Partial<FeedOptions> = {},
): Promise<Receiver> {
  const receiver = new Receiver();
  receiver.feed = await startFeed({
    telemetry: log,
    now: () => 5_000,
    link: receiver,
    partition: 0,
    from: { sequenceNumber: 0 },
    withMetrics: false,
    onFailure: (error) => {
      throw error;
    },
    ...options,
  });
  onTestFinished(() => receiver.feed?.stop());
  return receiver;
}

async function logOf(...bodies: string[]): Promise<TelemetryLog> {
  const log = await temporaryLog({ partitions: 1 });
  for (const [index, body] of bodies.entries()) await store(log, 'd', body, 1_000 + index);
  return log;
}

/** Long enough for a feed that would do more than it may. */
const aWhile = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));

describe('the feed of a receiver', () => {
  it('when there is no credit, then nothing is sent; with credit, as much as that and no more', async () => {
    const receiver = await open(await logOf('1', '2', '3'));
    await aWhile();
    expect(receiver.bodies).toEqual([]);
    receiver.grant(2);
    await receiver.has(2);
    await aWhile();
    expect(receiver.bodies).toEqual(['1', '2']);
    receiver.grant(5);
    await receiver.has(3);
    expect(receiver.bodies).toEqual(['1', '2', '3']);
  });

  it('when nothing is asked for, then the log is not read ahead', async () => {
    const log = await logOf('1');
    let reads = 0;
    const counting: Pick<TelemetryLog, 'read' | 'partitions'> = {
      partitions: () => log.partitions(),
      async *read(options) {
        for await (const batch of log.read(options)) {
          reads++;
          yield batch;
        }
      },
    };
    const receiver = await open(counting);
    await aWhile();
    expect(reads).toBe(1);
    receiver.grant(1);
    await receiver.has(1);
  });

  it('when it begins at the latest, then what is stored after its begin comes, whenever credit is given', async () => {
    const log = await logOf('old');
    const receiver = await open(log, { from: 'latest' });
    await store(log, 'd', 'new', 2_000);
    receiver.grant(10);
    await receiver.has(1);
    expect(receiver.bodies).toEqual(['new']);
  });

  it('when it begins at a number or a time, then that is the first', async () => {
    const log = await logOf('1', '2', '3');
    for (const from of [{ sequenceNumber: 1 }, { time: 1_001 }]) {
      const receiver = await open(log, { from });
      receiver.grant(10);
      await receiver.has(2);
      expect(receiver.bodies).toEqual(['2', '3']);
    }
  });

  it('when the receiver wants to know how far the partition is, then each event says so', async () => {
    const receiver = await open(await logOf('1', '2'), { withMetrics: true });
    receiver.grant(1);
    await receiver.has(1);
    expect(Object.fromEntries(receiver.taken[0]?.deliveryAnnotations ?? [])).toEqual({
      last_enqueued_sequence_number: { type: 'long', value: 1 },
      last_enqueued_offset: '1',
      last_enqueued_time_utc: new Date(1_001),
      runtime_info_retrieval_time_utc: new Date(5_000),
    });
  });

  it('when it is stopped, then nothing more is sent, credit or not', async () => {
    const log = await logOf('1', '2');
    const receiver = await open(log);
    receiver.grant(1);
    await receiver.has(1);
    receiver.feed?.stop();
    receiver.grant(10);
    await store(log, 'd', '3', 3_000);
    await aWhile();
    expect(receiver.bodies).toEqual(['1']);
  });

  it('when the log fails, then that is told once', async () => {
    const log = await logOf('1');
    const failures: unknown[] = [];
    const failing: Pick<TelemetryLog, 'read' | 'partitions'> = {
      partitions: () => log.partitions(),
      async *read(options) {
        for await (const batch of log.read(options)) {
          yield batch;
          throw new Error('damaged');
        }
      },
    };
    const receiver = await open(failing, { onFailure: (error) => failures.push(error) });
    receiver.grant(1);
    await aWhile();
    expect(failures).toHaveLength(1);
  });
});
