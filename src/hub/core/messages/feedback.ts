/** What became of messages whose senders asked, told in batches. Source: device.md §8, service.md §8.4. */
import type { Clock } from '../../../std/clock.ts';
import { isoTicks } from '../../../protocol/time.ts';
import type { JsonObject } from '../../../std/json.ts';
import type { DocumentChange, DocumentStore } from '../ports.ts';
import { documentsOf } from './queue-documents.ts';
import type { DeadLetterReason, FeedbackRequest } from './service.ts';
import type { StoredServiceQueue } from './service-queue.ts';

export type FeedbackStatus = 'Success' | 'Purged' | DeadLetterReason;

/** One outcome as the back end reads it. */
export type FeedbackRecord = {
  originalMessageId: string | null;
  /** When the outcome was known, ISO 8601. */
  enqueuedTimeUtc: string;
  statusCode: FeedbackStatus;
  description: string;
  deviceId: string;
  deviceGenerationId: string;
};

const feedbackContentType = 'application/vnd.microsoft.iothub.feedback.json';

const collection = 'feedback-records';
const batchRecords = 64;
const batchMs = 15_000;
const retryMs = 5_000;
const idDigits = 16;

export interface FeedbackParts {
  readonly documents: DocumentStore;
  readonly clock: Clock;
  readonly queue: StoredServiceQueue;
  readonly onError: (error: unknown) => void;
}

/** Records that wait for their batch. They are stored with the outcome they tell of, so that none is lost. */
export interface FeedbackCollector {
  /** Reads what an earlier run left behind. */
  load(): Promise<void>;
  /** The changes that store the records; call `stored` when they are. */
  prepare(records: readonly FeedbackRecord[]): {
    readonly changes: readonly DocumentChange[];
    readonly stored: () => void;
  };
  close(): Promise<void>;
}

export function createFeedbackCollector({ documents, clock, queue, onError }: FeedbackParts): FeedbackCollector {
  const pending = new Map<string, FeedbackRecord>();
  let lastId = 0;
  let cancelTimer: (() => void) | undefined;
  let flushing: Promise<void> | undefined;
  let closed = false;

  function schedule(): void {
    if (closed || pending.size === 0) return;
    if (pending.size >= batchRecords) flushing ??= flush();
    else cancelTimer ??= clock.after(batchMs, flushByTime, { unref: true });
  }

  function flushByTime(): void {
    cancelTimer = undefined;
    flushing ??= flush();
  }

  /** Sends one batch after the other until less than a full one is left; that one waits for its own time. */
  async function flush(): Promise<void> {
    cancelTimer?.();
    cancelTimer = undefined;
    try {
      do await sendBatch([...pending].slice(0, batchRecords));
      while (pending.size >= batchRecords);
      flushing = undefined;
      schedule();
    } catch (error) {
      flushing = undefined;
      onError(error);
      if (!closed) cancelTimer ??= clock.after(retryMs, flushByTime, { unref: true });
    }
  }

  async function sendBatch(batch: readonly (readonly [string, FeedbackRecord])[]): Promise<void> {
    const body = Buffer.from(JSON.stringify(batch.map(([, record]) => record)));
    const sent = batch.map(([id]): DocumentChange => ({ kind: 'delete', collection, id }));
    await queue.putWith(feedbackContentType, body, sent);
    for (const [id] of batch) pending.delete(id);
  }

  return {
    async load() {
      for await (const { id, value } of documentsOf(documents, collection)) {
        pending.set(id, value as unknown as FeedbackRecord);
        lastId = Number(id);
      }
      schedule();
    },
    prepare(records) {
      const added = records.map((record) => [String(++lastId).padStart(idDigits, '0'), record] as const);
      return {
        changes: added.map(([id, value]) => ({ kind: 'put', collection, id, value: value as JsonObject })),
        stored() {
          for (const [id, record] of added) pending.set(id, record);
          schedule();
        },
      };
    },
    async close() {
      closed = true;
      cancelTimer?.();
      await flushing;
    },
  };
}

/** True when the sender wants to hear of this outcome. */
function isWanted(ack: FeedbackRequest, status: FeedbackStatus): boolean {
  return ack === 'full' || (status === 'Success' ? ack === 'positive' : ack === 'negative');
}

/** The record of an outcome; undefined when the sender did not ask for it. */
export function feedbackRecord(outcome: {
  readonly status: FeedbackStatus;
  readonly ack: FeedbackRequest;
  readonly messageId: string | null;
  readonly deviceId: string;
  readonly generationId: string;
  readonly time: number;
}): FeedbackRecord | undefined {
  if (!isWanted(outcome.ack, outcome.status)) return undefined;
  return {
    originalMessageId: outcome.messageId,
    enqueuedTimeUtc: isoTicks(outcome.time),
    statusCode: outcome.status,
    description: outcome.status,
    deviceId: outcome.deviceId,
    deviceGenerationId: outcome.generationId,
  };
}
