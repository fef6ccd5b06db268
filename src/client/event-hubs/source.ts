/** Telemetry from the Event Hubs-compatible endpoint of a hub, in the cloud or anywhere. */
import type { EventHubConsumerClient, ReceivedEventData } from '@azure/event-hubs';
import type { Connection } from '../../config/profile.ts';
import type { TelemetryMessage } from '../../protocol/telemetry/index.ts';
import { isGlob, matchGlob } from '../../std/glob.ts';
import type { HubLinkDependencies } from '../amqp/hub-link.ts';
import type { LinkEvent, TelemetryBatch, TelemetryRequest, TelemetrySource } from '../service-api.ts';
import { findEndpoint } from './endpoint.ts';
import { messageOfEvent } from './event-message.ts';
import { failureOfEventHub, mayRecover } from './failure.ts';
import { createInbox, type Inbox } from './inbox.ts';
import { openConsumer } from './open-client.ts';
import { createProgress, type Progress } from './progress.ts';

/** Events of one partition handed over at once. */
const maxBatchSize = 500;
/** After so long without an event a partition is quiet; see {@link Progress.quiet}. */
const quietSeconds = 2;

/**
 * Reads with the consumer group of the profile. Cuts are bridged without gap or repeat by the sequence numbers of the partitions;
 * what cannot pass by itself, and a first connection that fails, is a failure.
 */
export function createEventHubSource(connection: Connection, dependencies: HubLinkDependencies): TelemetrySource {
  return { read: (request) => read(connection, dependencies, request) };
}

async function* read(
  connection: Connection,
  dependencies: HubLinkDependencies,
  request: TelemetryRequest,
): AsyncGenerator<TelemetryBatch, void, undefined> {
  const { signal } = request;
  signal?.throwIfAborted();
  const endpoint = await findEndpoint(connection, dependencies, signal);
  const client = await openConsumer(endpoint, {
    connection,
    dependencies,
    consumerGroup: request.consumerGroup,
    signal,
  });
  try {
    const progress = createProgress(request.from, await partitionsOf(client, signal));
    // Tells where reading begins, before anything has come.
    yield { messages: [], position: progress.position, live: false, lost: progress.lost };
    if (!request.follow && progress.caughtUp) return;
    yield* follow(client, progress, request, dependencies);
  } catch (error) {
    signal?.throwIfAborted();
    throw failureOfEventHub(error, connection.hostName);
  } finally {
    await client.close().catch(() => undefined);
  }
}

async function partitionsOf(client: EventHubConsumerClient, signal: AbortSignal | undefined) {
  const options = signal === undefined ? {} : { abortSignal: signal };
  const ids = await client.getPartitionIds(options);
  return Promise.all(ids.map((id) => client.getPartitionProperties(id, options)));
}

async function* follow(
  client: EventHubConsumerClient,
  progress: Progress,
  request: TelemetryRequest,
  { clock }: HubLinkDependencies,
): AsyncGenerator<TelemetryBatch, void, undefined> {
  const inbox = createInbox(request.signal);
  const link = watchLink(request.onLink, () => clock.monotonic());
  const subscription = client.subscribe(
    {
      async processEvents(events, { partitionId }) {
        link.up();
        await inbox.put(Number(partitionId), events);
      },
      async processError(error) {
        if (mayRecover(error)) link.down(error);
        else inbox.fail(error);
      },
    },
    {
      startPosition: progress.start,
      maxBatchSize,
      maxWaitTimeInSeconds: quietSeconds,
      skipParsingBodyAsJson: true,
    },
  );
  try {
    yield* batches(inbox, progress, request);
  } finally {
    inbox.close();
    await subscription.close().catch(() => undefined);
  }
}

async function* batches(
  inbox: Inbox,
  progress: Progress,
  request: TelemetryRequest,
): AsyncGenerator<TelemetryBatch, void, undefined> {
  const wanted = filterOf(request);
  let announced = false;
  for await (const { partition, events } of inbox) {
    const messages = take(events, partition, progress, request.until).filter(wanted);
    if (events.length === 0) progress.quiet(partition);
    const live = progress.caughtUp;
    if (messages.length > 0 || live !== announced) yield { messages, position: progress.position, live, lost: 0 };
    announced = live;
    if (progress.finished || (live && !request.follow)) return;
  }
}

/** The new ones of these events; the partition is finished where they reach the end of what is asked for. */
function take(
  events: readonly ReceivedEventData[],
  partition: number,
  progress: Progress,
  until = Number.POSITIVE_INFINITY,
): TelemetryMessage[] {
  const messages: TelemetryMessage[] = [];
  for (const event of events) {
    if (event.enqueuedTimeUtc.getTime() >= until) progress.finish(partition);
    if (!progress.take(partition, event.sequenceNumber)) continue;
    const message = messageOfEvent(event, partition);
    if (message !== undefined) messages.push(message);
  }
  return messages;
}

function filterOf({ devices = [], sources = ['Telemetry'] }: TelemetryRequest): (message: TelemetryMessage) => boolean {
  const ids = new Set(devices);
  const globs = devices.filter(isGlob);
  return ({ deviceId, source = 'Telemetry' }) =>
    sources.includes(source) &&
    (devices.length === 0 || ids.has(deviceId) || globs.some((glob) => matchGlob(glob, deviceId)));
}

/** The package goes on by itself; what it tells becomes one loss and one return of the link. */
function watchLink(
  tell: ((event: LinkEvent) => void) | undefined,
  now: () => number,
): { up(): void; down(error: unknown): void } {
  let downSince: number | undefined;
  return {
    up() {
      if (downSince === undefined) return;
      tell?.({ kind: 'restored', afterMs: now() - downSince });
      downSince = undefined;
    },
    down(error) {
      if (downSince !== undefined) return;
      downSince = now();
      tell?.({ kind: 'lost', reason: failureOfEventHub(error, 'the hub').message, retryInMs: 0 });
    },
  };
}
