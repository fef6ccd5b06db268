import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { LogBatch, ReadOptions, Sender, StoredMessage, TelemetryLog } from '../../src/hub/core/ports.ts';
import { openTelemetryLog, type TelemetryLogOptions } from '../../src/hub/store/log/index.ts';
import { realClock } from './real-clock.ts';

/** A directory that goes away with the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'iotctl-test-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A log in a directory that goes away with the test; closed at its end. */
export async function temporaryLog(options: Partial<TelemetryLogOptions> = {}): Promise<TelemetryLog> {
  const file = options.file ?? join(await temporaryDirectory(), 'telemetry.db');
  const log = await openTelemetryLog({ clock: realClock, ...options, file });
  onTestFinished(() => log.close());
  return log;
}

export function senderOf(deviceId: string): Sender {
  return {
    deviceId,
    moduleId: '',
    source: 'Telemetry',
    generationId: '1',
    auth: { scope: 'device', type: 'sas', issuer: 'iothub' },
    modelId: '',
  };
}

/** Appends one message and waits until it is stored. */
export function store(log: TelemetryLog, deviceId: string, body: string, time = Date.now(), bag = ''): Promise<void> {
  return new Promise((resolve, reject) => {
    log.append(senderOf(deviceId), time, bag, Buffer.from(body), (error) =>
      error === undefined ? resolve() : reject(error),
    );
  });
}

/** Appends many messages at once and waits until all are stored. */
export async function storeAll(
  log: TelemetryLog,
  messages: Iterable<{ deviceId: string; body: string; time?: number }>,
): Promise<void> {
  const stored: Promise<void>[] = [];
  for (const { deviceId, body, time } of messages) stored.push(store(log, deviceId, body, time));
  await Promise.all(stored);
}

export async function readBatches(log: TelemetryLog, options: Partial<ReadOptions> = {}): Promise<LogBatch[]> {
  const batches: LogBatch[] = [];
  for await (const batch of log.read({ from: 'earliest', follow: false, ...options })) batches.push(batch);
  return batches;
}

export async function readAll(log: TelemetryLog, options: Partial<ReadOptions> = {}): Promise<StoredMessage[]> {
  return (await readBatches(log, options)).flatMap((batch) => batch.messages);
}

export function bodyOf(message: StoredMessage): string {
  return Buffer.from(message.body).toString('utf8');
}
