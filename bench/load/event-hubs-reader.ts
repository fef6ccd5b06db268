/**
 * Reads with `@azure/event-hubs` from the earliest event until it has so many, and says how long it took. Reads a
 * {@link ReaderPlan} as JSON from standard input and writes a {@link ReaderReport} to standard output.
 */
import { text } from 'node:stream/consumers';
import { EventHubConsumerClient, earliestEventPosition } from '@azure/event-hubs';

export interface ReaderPlan {
  readonly connectionString: string;
  readonly events: number;
  readonly batchSize: number;
}

export interface ReaderReport {
  /** Different events by partition and number; equals the plan's when nothing is missing and nothing came twice. */
  readonly events: number;
  /** From the subscription to the last event. */
  readonly ms: number;
}

const plan = JSON.parse(await text(process.stdin)) as ReaderPlan;
const client = new EventHubConsumerClient('$Default', plan.connectionString);
const next = new Map<string, number>();
let read = 0;
const begin = performance.now();
await new Promise<void>((resolve, reject) => {
  client.subscribe(
    {
      async processEvents(events, { partitionId }) {
        for (const { sequenceNumber } of events) {
          if (sequenceNumber !== (next.get(partitionId) ?? 0))
            reject(new Error(`event ${sequenceNumber} of partition ${partitionId} came out of order`));
          next.set(partitionId, sequenceNumber + 1);
        }
        read += events.length;
        if (read >= plan.events) resolve();
      },
      async processError(error) {
        reject(error);
      },
    },
    { startPosition: earliestEventPosition, maxBatchSize: plan.batchSize, skipParsingBodyAsJson: true },
  );
});
const report: ReaderReport = { events: read, ms: performance.now() - begin };
process.stdout.write(JSON.stringify(report), () => process.exit());
