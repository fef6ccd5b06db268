import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { TelemetryLog } from '../../../../src/hub/core/ports.ts';
import type { MessageSource } from '../../../../src/protocol/telemetry/message.ts';
import { bodyOf, readAll, senderOf, store, temporaryDirectory, temporaryLog } from '../../../support/telemetry-log.ts';

function storeEvent(log: TelemetryLog, source: MessageSource, body: string, time: number): Promise<void> {
  return new Promise((resolve, reject) => {
    log.append({ ...senderOf('d'), source }, time, '', Buffer.from(body), (error) =>
      error === undefined ? resolve() : reject(error),
    );
  });
}

async function mixed(routed: readonly MessageSource[] = []): Promise<TelemetryLog> {
  const log = await temporaryLog({ partitions: 2, routed });
  await store(log, 'd', 'one', 1_000);
  await storeEvent(log, 'twinChangeEvents', 'twin', 1_001);
  await storeEvent(log, 'deviceConnectionStateEvents', 'state', 1_002);
  await store(log, 'd', 'two', 1_003);
  return log;
}

async function textOf(log: TelemetryLog, options: Parameters<typeof readAll>[1] = {}): Promise<string[]> {
  return (await readAll(log, options)).map(bodyOf);
}

it('when events are not routed, then telemetry has neither them nor holes in its numbers', async () => {
  const log = await mixed();
  const messages = await readAll(log);
  expect(messages.map((message) => [bodyOf(message), message.sequenceNumber])).toEqual([
    ['one', 0],
    ['two', 1],
  ]);
  expect((await log.stats()).messages).toBe(2);
});

it('when a reader names sources, then it gets those alone, by time', async () => {
  const log = await mixed();
  expect(await textOf(log, { sources: ['Telemetry'] })).toEqual(['one', 'two']);
  expect(await textOf(log, { sources: ['deviceConnectionStateEvents'] })).toEqual(['state']);
  expect(await textOf(log, { sources: ['Telemetry', 'twinChangeEvents'] })).toEqual(['one', 'twin', 'two']);
});

it('when a source is routed, then its events stand between the telemetry of their device', async () => {
  const log = await mixed(['twinChangeEvents']);
  expect(await textOf(log)).toEqual(['one', 'twin', 'two']);
  expect(await textOf(log, { sources: ['Telemetry'] })).toEqual(['one', 'two']);
  expect(await textOf(log, { sources: ['twinChangeEvents', 'deviceConnectionStateEvents'] })).toEqual([
    'twin',
    'state',
  ]);
});

it('when a reader asks for one partition, then it gets that one, and the events beside telemetry are none of them', async () => {
  const log = await mixed();
  const [holding] = await readAll(log);
  const partition = holding?.partition ?? -1;
  expect(await textOf(log, { partition })).toEqual(['one', 'two']);
  expect(await textOf(log, { partition: 1 - partition })).toEqual([]);
  expect(await textOf(log, { partition: 2 })).toEqual([]);
});

it('when a reader of one partition follows, then messages of others do not wake it', async () => {
  const log = await temporaryLog({ partitions: 1 });
  const reader = log.read({ from: 'earliest', follow: true, partition: 0 })[Symbol.asyncIterator]();
  await reader.next();
  await reader.next();
  const next = reader.next();
  await storeEvent(log, 'twinChangeEvents', 'beside', 1);
  await store(log, 'd', 'wanted', 2);
  expect((await next).value?.messages.map(bodyOf)).toEqual(['wanted']);
  await reader.return?.();
});

it('when partitions are asked for, then each says what it holds', async () => {
  const log = await temporaryLog({ partitions: 2 });
  expect(await log.partitions()).toEqual([
    { first: 0, next: 0, lastTime: undefined },
    { first: 0, next: 0, lastTime: undefined },
  ]);
  await store(log, 'd', 'one', 1_000);
  await store(log, 'd', 'two', 2_000);
  const states = await log.partitions();
  expect(states.toSorted((left, right) => right.next - left.next)).toEqual([
    { first: 0, next: 2, lastTime: 2_000 },
    { first: 0, next: 0, lastTime: undefined },
  ]);
});

it('when a log of the version without events is opened, then it keeps its messages and partitions and takes events', async () => {
  const file = join(await temporaryDirectory(), 'telemetry.db');
  const before = await temporaryLog({ file, partitions: 3 });
  await store(before, 'd', 'old');
  await before.close();
  const database = new DatabaseSync(file);
  database.exec('delete from partitions where partition = 3; pragma user_version = 1');
  database.close();
  const log = await temporaryLog({ file });
  await storeEvent(log, 'twinChangeEvents', 'event', 1);
  expect((await log.stats()).partitions).toBe(3);
  expect(await textOf(log)).toEqual(['old']);
  expect(await textOf(log, { sources: ['twinChangeEvents'] })).toEqual(['event']);
});

it('when the clock was set back, then a partition still says the latest time of what it holds, and is read from there', async () => {
  const log = await temporaryLog({ partitions: 1 });
  for (const [body, time] of [
    ['before', 1_000],
    ['late', 5_000],
    ['set back', 2_000],
  ] as const)
    await store(log, 'd', body, time);
  expect(await log.partitions()).toEqual([{ first: 0, next: 3, lastTime: 5_000 }]);
  expect((await readAll(log, { from: { time: 4_000 } })).map(bodyOf)).toEqual(['late', 'set back']);
});
