/** Sends the events of one partition to one receiver, at the receiver's pace. */
import type { LogBatch, PartitionState, ReadOptions, StoredMessage, TelemetryLog } from '../../core/ports.ts';
import type { Writable } from '../codec/values.ts';
import type { OutgoingLink } from '../route.ts';
import { eventMessage } from './event-message.ts';
import type { StartPosition } from './filter.ts';
import { lastEnqueued } from './management.ts';

export interface FeedOptions {
  readonly telemetry: Pick<TelemetryLog, 'read' | 'partitions'>;
  readonly now: () => number;
  readonly link: Pick<OutgoingLink, 'credit' | 'send'>;
  readonly partition: number;
  readonly from: StartPosition;
  /** The receiver wants to know with each event how far the partition has come. */
  readonly withMetrics: boolean;
  /** The log cannot be read. */
  readonly onFailure: (error: unknown) => void;
}

export interface Feed {
  /** The receiver may take more than before. */
  wake(): void;
  stop(): void;
}

/** Messages asked of the log at once; no more than that, and what one row of the log holds, is kept for a receiver. */
const batchSize = 250;

/** Finds the place to begin, then sends. Resolves when the place is found: what is stored from then on is seen. */
export async function startFeed(options: FeedOptions): Promise<Feed> {
  const stopping = new AbortController();
  const credit = createGate(() => options.link.credit > 0, stopping.signal);
  const events = options.telemetry.read({
    from: positionOf(options.from, options.partition),
    partition: options.partition,
    follow: true,
    batchSize,
    signal: stopping.signal,
  });
  const batches = events[Symbol.asyncIterator]();
  // The first batch is empty; with it the reader has its place.
  await batches.next();
  pump(options, batches, credit, stopping.signal).catch((error: unknown) => {
    if (!stopping.signal.aborted) options.onFailure(error);
  });
  return { wake: () => credit.open(), stop: () => stopping.abort() };
}

function positionOf(from: StartPosition, partition: number): ReadOptions['from'] {
  if (from === 'latest') return 'latest';
  return 'time' in from ? from : new Map([[partition, from.sequenceNumber]]);
}

async function pump(
  { link, telemetry, partition, withMetrics, now }: FeedOptions,
  batches: AsyncIterator<LogBatch>,
  credit: Gate,
  stopped: AbortSignal,
): Promise<void> {
  try {
    for (;;) {
      // Nothing is asked of the log for a receiver that takes nothing.
      await credit.passed();
      const step = stopped.aborted ? undefined : await batches.next();
      if (step === undefined || step.done === true) return;
      const { messages } = step.value;
      const state = withMetrics && messages.length > 0 ? (await telemetry.partitions())[partition] : undefined;
      for (const message of messages) {
        while (link.credit <= 0 && !stopped.aborted) await credit.passed();
        if (stopped.aborted) return;
        link.send(state === undefined ? eventMessage(message) : withState(message, state, now()));
      }
    }
  } finally {
    await batches.return?.();
  }
}

/** Source: service.md §9.7. */
function withState(message: StoredMessage, state: PartitionState, now: number): ReturnType<typeof eventMessage> {
  const deliveryAnnotations = new Map<string, Writable>([
    ...lastEnqueued(state),
    ['runtime_info_retrieval_time_utc', new Date(now)],
  ]);
  return { ...eventMessage(message), deliveryAnnotations };
}

interface Gate {
  /** Resolves when it may go on, or when it is to stop. */
  passed(): Promise<void>;
  open(): void;
}

function createGate(isOpen: () => boolean, stopped: AbortSignal): Gate {
  let waiting: (() => void) | undefined;
  const open = (): void => {
    if (!isOpen() && !stopped.aborted) return;
    waiting?.();
    waiting = undefined;
  };
  stopped.addEventListener('abort', open, { once: true });
  return {
    open,
    passed: () =>
      isOpen() || stopped.aborted ? Promise.resolve() : new Promise<void>((resolve) => (waiting = resolve)),
  };
}
