import { stat, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isFailure } from '../../../../src/errors/index.ts';
import { openTelemetryLog } from '../../../../src/hub/store/log/index.ts';
import { realClock } from '../../../support/real-clock.ts';
import {
  bodyOf,
  readAll,
  senderOf,
  store,
  storeAll,
  temporaryDirectory,
  temporaryLog,
} from '../../../support/telemetry-log.ts';

describe('appending', () => {
  it('when messages of many devices are appended, then callbacks run once each, in append order', async () => {
    const log = await temporaryLog();
    const order: number[] = [];
    await new Promise<void>((resolve) => {
      for (let index = 0; index < 5_000; index++) {
        log.append(senderOf(`d${index % 37}`), 1, '', Buffer.from('x'), () => {
          order.push(index);
          if (order.length === 5_000) resolve();
        });
      }
    });
    expect(order).toEqual(Array.from({ length: 5_000 }, (_, index) => index));
  });

  it('when messages are read back, then each device is in order and every partition is without holes', async () => {
    const log = await temporaryLog();
    await storeAll(
      log,
      Array.from({ length: 3_000 }, (_, index) => ({ deviceId: `d${index % 17}`, body: String(index) })),
    );
    const next = new Map<number, number>();
    const last = new Map<string, number>();
    const messages = await readAll(log);
    for (const message of messages) {
      expect(message.sequenceNumber).toBe(next.get(message.partition) ?? 0);
      next.set(message.partition, message.sequenceNumber + 1);
      const number = Number(bodyOf(message));
      expect(number).toBeGreaterThan(last.get(message.sender.deviceId) ?? -1);
      last.set(message.sender.deviceId, number);
    }
    expect(messages).toHaveLength(3_000);
    expect(new Map(await log.head())).toEqual(new Map([...next].toSorted(([a], [b]) => a - b)));
  });

  it('when a message is appended, then its bytes are copied before append returns', async () => {
    const log = await temporaryLog();
    const body = Buffer.from('before');
    const stored = new Promise((resolve) => log.append(senderOf('d'), 1, 'a=b', body, resolve));
    body.fill('x');
    await stored;
    expect((await readAll(log)).map((message) => [message.bag, bodyOf(message)])).toEqual([['a=b', 'before']]);
  });

  it('when more comes than the disk takes, then append says false, drained resolves and nothing is lost', async () => {
    const log = await temporaryLog();
    const body = Buffer.alloc(200_000, 1);
    let stored = 0;
    let refusals = 0;
    for (let index = 0; index < 100; index++) {
      if (!log.append(senderOf('d'), 1, '', body, () => stored++)) {
        refusals++;
        await log.drained();
      }
    }
    await log.close();
    expect(refusals).toBeGreaterThan(0);
    expect(stored).toBe(100);
  });

  it('when one callback throws, then the others run and the log hears of it', async () => {
    const mistakes: unknown[] = [];
    const log = await temporaryLog({ onError: (error) => mistakes.push(error) });
    log.append(senderOf('d'), 1, '', Buffer.from('a'), () => {
      throw new Error('a mistake of the caller');
    });
    await store(log, 'd', 'b');
    expect(mistakes).toEqual([new Error('a mistake of the caller')]);
    expect(await readAll(log)).toHaveLength(2);
  });

  it('when the log is closed, then what was appended is stored and what comes later fails', async () => {
    const log = await temporaryLog();
    const before = store(log, 'd', 'before');
    const closing = log.close();
    await expect(store(log, 'd', 'after')).rejects.toSatisfy((error) => isFailure(error, 'io'));
    await expect(before).resolves.toBeUndefined();
    await closing;
  });
});

describe('the file', () => {
  it('when the hub restarts, then messages are there and numbers go on', async () => {
    const file = join(await temporaryDirectory(), 'telemetry.db');
    const first = await openTelemetryLog({ file, clock: realClock });
    await store(first, 'd', 'one');
    const head = await first.head();
    await first.close();
    const second = await temporaryLog({ file });
    expect(await second.head()).toEqual(head);
    await store(second, 'd', 'two');
    expect((await readAll(second)).map((message) => [message.sequenceNumber, bodyOf(message)])).toEqual([
      [0, 'one'],
      [1, 'two'],
    ]);
  });

  it('when it was made with another number of partitions, then it keeps its own', async () => {
    const file = join(await temporaryDirectory(), 'telemetry.db');
    await (await openTelemetryLog({ file, partitions: 2, clock: realClock })).close();
    const log = await temporaryLog({ file, partitions: 8 });
    expect((await log.stats()).partitions).toBe(2);
  });

  it('when it is new, then only its owner can read it, side files included', async () => {
    const directory = await temporaryDirectory();
    const log = await temporaryLog({ file: join(directory, 'telemetry.db') });
    await store(log, 'd', 'x');
    for (const name of ['telemetry.db', 'telemetry.db-wal', 'telemetry.db-shm']) {
      expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
    }
  });

  it('when it is written to, then every commit is synchronised to disk and in the write-ahead log', async () => {
    const file = join(await temporaryDirectory(), 'telemetry.db');
    const log = await temporaryLog({ file });
    await store(log, 'd', 'x');
    const database = new DatabaseSync(file, { readOnly: true });
    expect(database.prepare('pragma journal_mode').get()).toEqual({ journal_mode: 'wal' });
    database.close();
  });

  it('when it is no database, then the log says so and leaves it as it is', async () => {
    const file = join(await temporaryDirectory(), 'telemetry.db');
    await writeFile(file, 'something else entirely, not a database at all'.repeat(50));
    await expect(openTelemetryLog({ file, clock: realClock })).rejects.toSatisfy((error) => isFailure(error, 'io'));
  });

  it('when a newer version wrote it, then the log refuses to touch it', async () => {
    const file = join(await temporaryDirectory(), 'telemetry.db');
    const database = new DatabaseSync(file);
    database.exec('pragma user_version = 99');
    database.close();
    await expect(openTelemetryLog({ file, clock: realClock })).rejects.toSatisfy((error) =>
      isFailure(error, 'invalid-config'),
    );
  });

  it('when the directory does not exist, then the failure names it', async () => {
    await expect(openTelemetryLog({ file: '/nonexistent/telemetry.db', clock: realClock })).rejects.toSatisfy(
      (error) => isFailure(error, 'file-not-found') && error.message.includes('/nonexistent'),
    );
  });

  it('when the log is kept in memory, then it works like one in a file', async () => {
    const log = await temporaryLog({ file: ':memory:' });
    await store(log, 'd', 'x');
    expect(await log.stats()).toMatchObject({ messages: 1, partitions: 4 });
    expect(await readAll(log)).toHaveLength(1);
  });
});
