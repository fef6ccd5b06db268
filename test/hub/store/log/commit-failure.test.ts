import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isFailure } from '../../../../src/errors/index.ts';
import { bodyOf, readAll, store, temporaryDirectory, temporaryLog } from '../../../support/telemetry-log.ts';

it('when a commit fails, then every message of it gets the error, no number is burnt, and the log goes on', async () => {
  const file = join(await temporaryDirectory(), 'telemetry.db');
  const log = await temporaryLog({ file, partitions: 1 });
  await store(log, 'd', 'before');
  const other = new DatabaseSync(file);
  other.exec('begin immediate');
  const outcomes = await Promise.allSettled([store(log, 'd', 'lost 1'), store(log, 'd', 'lost 2')]);
  for (const outcome of outcomes) {
    expect(outcome.status === 'rejected' && isFailure(outcome.reason, 'io')).toBe(true);
  }
  other.exec('rollback');
  other.close();
  await store(log, 'd', 'after');
  expect((await readAll(log)).map((message) => [message.sequenceNumber, bodyOf(message)])).toEqual([
    [0, 'before'],
    [1, 'after'],
  ]);
});

it('when a row is damaged on disk, then readers are told how many messages were lost and get the rest', async () => {
  const file = join(await temporaryDirectory(), 'telemetry.db');
  const log = await temporaryLog({ file, partitions: 1 });
  for (const body of ['a'.repeat(2_000), 'b'.repeat(2_000), 'c'.repeat(2_000)]) await store(log, 'd', body);
  const other = new DatabaseSync(file);
  other.exec(
    "update batches set records = cast(substr(records, 1, 15) || x'ffff' || substr(records, 18) as blob) where first = 1",
  );
  other.close();
  let lost = 0;
  const seen: string[] = [];
  for await (const batch of log.read({ from: 'earliest', follow: false })) {
    lost += batch.lost;
    for (const message of batch.messages) seen.push(`${message.sequenceNumber}${bodyOf(message)[0]}`);
  }
  expect([lost, seen]).toEqual([1, ['0a', '2c']]);
});
