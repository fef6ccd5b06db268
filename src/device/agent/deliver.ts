import { isFailure } from '../../errors/index.ts';
import type { Clock } from '../../std/clock.ts';
import { sleep } from '../../std/clock.ts';
import { isJsonObject, parseJsonObject, type JsonObject } from '../../std/json.ts';
import type { DeviceConnection } from '../connection/device-connection.ts';
import type { Outbox, OutboxRecord } from '../outbox/outbox.ts';

/** A reading as the outbox keeps it. */
export interface KeptReading {
  /** When it was taken, Unix milliseconds. */
  readonly time: number;
  readonly body: JsonObject;
}

export function encodeReading(reading: KeptReading): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(reading));
}

export interface DeliveryOptions {
  readonly outbox: Outbox;
  readonly connection: Pick<DeviceConnection, 'sendTelemetry'>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told how many readings the hub has taken. */
  readonly onDelivered: (count: number) => void;
  /** A reading that no hub would take was given up. */
  readonly onRefused: (reason: string) => void;
}

/** Readings on their way at once. */
const windowSize = 50;
const pauseMs = 1_000;
/** The largest time a Date can hold. */
const latestDate = 8.64e15;

/** Sends what the outbox holds, oldest first, and acknowledges it there once the hub has it. Ends with the signal. */
export async function deliver(options: DeliveryOptions): Promise<void> {
  const { outbox, signal, clock } = options;
  while (!signal.aborted) {
    await outbox.arrival(signal);
    if (signal.aborted) return;
    const records = await outbox.peek(windowSize);
    if (!(await sendWindow(options, records))) await sleep(clock, pauseMs, signal).catch(() => undefined);
  }
}

/** False when the hub did not take all of them. What came after the first failure is sent again, so that order is kept. */
async function sendWindow(options: DeliveryOptions, records: readonly OutboxRecord[]): Promise<boolean> {
  const results = await unlessAborted(
    Promise.allSettled(records.map((record) => sendOne(options, record))),
    options.signal,
  );
  if (results === undefined) return false;
  const failed = results.findIndex((result) => result.status === 'rejected');
  const delivered = failed < 0 ? records.length : failed;
  const last = records[delivered - 1];
  if (last !== undefined) await options.outbox.acknowledge(last.number);
  if (delivered > 0) options.onDelivered(delivered);
  return failed < 0;
}

/** The result, or undefined as soon as the signal aborts. */
async function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result | undefined> {
  const { promise: aborted, resolve } = Promise.withResolvers<undefined>();
  const onAbort = (): void => resolve(undefined);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function sendOne(options: DeliveryOptions, record: OutboxRecord): Promise<void> {
  const reading = decodeReading(record.payload);
  if (reading === undefined) {
    options.onRefused('a record of the outbox is no reading');
    return;
  }
  const messageId = `${reading.time.toString(36)}-${record.number}`;
  try {
    await options.connection.sendTelemetry(reading.body, { messageId, creationTime: reading.time });
  } catch (error) {
    if (!isFailure(error, 'invalid-value')) throw error;
    options.onRefused(error.message);
  }
}

function decodeReading(payload: Uint8Array): KeptReading | undefined {
  const { time, body } = parseJsonObject(new TextDecoder().decode(payload)) ?? {};
  return typeof time === 'number' && Math.abs(time) <= latestDate && isJsonObject(body) ? { time, body } : undefined;
}
