import type { IncomingMessage } from 'node:http';
import { Failure } from '../../errors/index.ts';
import { streamPath } from '../../protocol/telemetry/index.ts';
import { sleep, type Clock } from '../../std/clock.ts';
import { failureOfAnswer } from '../http/answer-failure.ts';
import { TimeoutError } from '../http/transport.ts';
import type { ServiceClient } from '../http/service-client.ts';
import type { TelemetryBatch, TelemetryRequest, TelemetrySource } from '../service-api.ts';
import { readBatches } from './batches.ts';
import { createCursor, type Cursor } from './cursor.ts';

const firstDelayMs = 250;
const longestDelayMs = 30_000;
/** How often a read that does not follow begins again without getting on. */
const triesWithoutProgress = 6;
/** The hub repeats its mark every 15 s when there is nothing to tell. */
const longestSilenceMs = 45_000;
const longestErrorBody = 64 * 1024;

/**
 * Telemetry from the hub's own log. A cut is bridged from the last position, without gap or repeat: for ever while following, a few
 * times otherwise. A hub that cannot be reached at the first try is a failure at once. An abort ends the stream with its reason.
 */
export function createTelemetrySource(client: ServiceClient): TelemetrySource {
  return { read: (request) => readTelemetry(client, request) };
}

async function* readTelemetry(
  client: ServiceClient,
  request: TelemetryRequest,
): AsyncGenerator<TelemetryBatch, void, undefined> {
  const { clock } = client;
  const cursor = createCursor(request.from);
  let connectedOnce = false;
  let failedTries = 0;
  let lostAt: number | undefined;
  for (;;) {
    let reason = `${client.hostName} ended the stream`;
    try {
      const response = await openStream(client, request, cursor);
      connectedOnce = true;
      if (lostAt !== undefined) request.onLink?.({ kind: 'restored', afterMs: clock.monotonic() - lostAt });
      lostAt = undefined;
      for await (const batch of readBatches(watched(response, clock), cursor)) {
        failedTries = 0;
        yield batch;
      }
      if (!request.follow || (request.until !== undefined && clock.now() >= request.until)) return;
    } catch (error) {
      request.signal?.throwIfAborted();
      const failure = client.failureOf(error);
      const mayRecover = failure.retryable && connectedOnce && (request.follow || failedTries < triesWithoutProgress);
      if (!mayRecover) throw failure;
      reason = failure.message;
    }
    lostAt ??= clock.monotonic();
    const delay =
      (0.5 + client.random() / 2) * Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(failedTries++, 10));
    request.onLink?.({ kind: 'lost', reason, retryInMs: Math.round(delay) });
    await sleep(clock, delay, request.signal);
  }
}

/** The text of the stream; a silence that no hub keeps counts as a lost link. */
async function* watched(response: IncomingMessage, clock: Clock): AsyncGenerator<string, void, undefined> {
  const watch = (): (() => void) =>
    clock.after(longestSilenceMs, () => response.destroy(new TimeoutError('the telemetry stream has gone silent')));
  let cancel = watch();
  try {
    for await (const chunk of response as AsyncIterable<string>) {
      cancel();
      yield chunk;
      cancel = watch();
    }
  } finally {
    cancel();
  }
}

async function openStream(client: ServiceClient, request: TelemetryRequest, cursor: Cursor): Promise<IncomingMessage> {
  const response = await client.open({
    method: 'GET',
    path: streamPath,
    query: {
      from: cursor.from,
      follow: String(request.follow),
      ...(request.until !== undefined && { until: new Date(request.until).toISOString() }),
      ...(request.devices !== undefined && request.devices.length > 0 && { device: request.devices }),
      ...(request.sources !== undefined && { source: request.sources }),
    },
    headers: { Accept: 'application/x-ndjson' },
    action: 'read telemetry',
    signal: request.signal,
  });
  response.setEncoding('utf8');
  if (response.statusCode === 200) return response;
  const status = response.statusCode ?? 0;
  const body = await readErrorBody(response);
  if (status === 404 || status === 405) {
    throw new Failure('unsupported', `${client.hostName} has no telemetry stream; only iotctl's own hub offers one`, {
      details: { status },
    });
  }
  throw failureOfAnswer(
    { status, headers: response.headers, body },
    { hostName: client.hostName, action: 'read telemetry', now: client.clock.now() },
  );
}

async function readErrorBody(response: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of response as AsyncIterable<string>) {
    body += chunk;
    if (body.length > longestErrorBody) break;
  }
  return body;
}
