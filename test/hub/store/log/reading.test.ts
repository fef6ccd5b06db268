import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StoredMessage } from '../../../../src/hub/core/ports.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import {
  bodyOf,
  readAll,
  readBatches,
  senderOf,
  store,
  storeAll,
  temporaryLog,
} from '../../../support/telemetry-log.ts';

function bodies(messages: readonly StoredMessage[]): string[] {
  return messages.map(bodyOf);
}

async function numbered(count: number, devices = 5): ReturnType<typeof temporaryLog> {
  const log = await temporaryLog();
  await storeAll(
    log,
    Array.from({ length: count }, (_, index) => ({
      deviceId: `d${index % devices}`,
      body: String(index),
      time: 1_000 + index,
    })),
  );
  return log;
}

describe('where reading begins and ends', () => {
  it('when a reader asks from the earliest, then it gets all, by time across partitions', async () => {
    const log = await numbered(500);
    expect(bodies(await readAll(log))).toEqual(Array.from({ length: 500 }, (_, index) => String(index)));
  });

  it('when a reader asks from the latest, then it gets its position and nothing else', async () => {
    const log = await numbered(10);
    const batches = await readBatches(log, { from: 'latest' });
    const nothing = { messages: [], position: await log.head(), lost: 0 };
    expect(batches).toEqual([
      { ...nothing, live: false },
      { ...nothing, live: true },
    ]);
  });

  it('when a reader begins, then the first batch tells it where, before any message', async () => {
    const log = await numbered(100);
    const [first, second] = await readBatches(log, { from: { time: 1_050 } });
    expect(first).toMatchObject({ messages: [], live: false });
    const begin = [...(first?.position.values() ?? [])].reduce((sum, next) => sum + next, 0);
    expect([begin, second?.messages.length]).toEqual([50, 50]);
  });

  it('when a reader asks from a time until a time, then it gets what lies between', async () => {
    const log = await numbered(100);
    expect(bodies(await readAll(log, { from: { time: 1_040 }, until: 1_045 }))).toEqual(['40', '41', '42', '43', '44']);
  });

  it('when a reader goes on from any position it was given, then nothing is missing and nothing comes twice', async () => {
    const log = await numbered(1_000);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 200 }), fc.nat(20), async (batchSize, stopAfter) => {
        const seen: string[] = [];
        let position: ReadonlyMap<number, number> = new Map();
        let taken = 0;
        for await (const batch of log.read({ from: 'earliest', follow: false, batchSize })) {
          seen.push(...bodies(batch.messages));
          ({ position } = batch);
          if (taken++ === stopAfter) break;
        }
        seen.push(...bodies(await readAll(log, { from: position })));
        expect(seen).toEqual(Array.from({ length: 1_000 }, (_, index) => String(index)));
      }),
      { numRuns: 25 },
    );
  });

  it('when a position lies beyond the end, because the log was made anew, then reading begins at the earliest', async () => {
    const log = await numbered(3);
    const beyond = new Map([...(await log.head())].map(([partition]) => [partition, 1_000]));
    expect(bodies(await readAll(log, { from: beyond }))).toEqual(['0', '1', '2']);
  });

  it('when batches are asked to be small, then none is larger, and only the last is live', async () => {
    const log = await numbered(100);
    const batches = await readBatches(log, { batchSize: 7 });
    expect(Math.max(...batches.map((batch) => batch.messages.length))).toBe(7);
    expect(batches.map((batch) => batch.live).indexOf(true)).toBe(batches.length - 1);
  });
});

describe('choosing devices', () => {
  it('when a reader names ids and globs, then it gets their messages alone, and its position covers all', async () => {
    const log = await temporaryLog();
    const deviceIds = ['pump-1', 'pump-2', 'truck-1', 'truck-2', 'fan'];
    // Times that differ: across partitions, messages of the same millisecond have no order.
    for (const [index, deviceId] of deviceIds.entries()) await store(log, deviceId, deviceId, 1_000 + index);
    const batches = await readBatches(log, { devices: ['truck-*', 'fan'] });
    expect(bodies(batches.flatMap((batch) => batch.messages))).toEqual(['truck-1', 'truck-2', 'fan']);
    expect(batches.at(-1)?.position).toEqual(await log.head());
  });

  it('when an id holds a star, then its own name finds it', async () => {
    const log = await temporaryLog();
    await store(log, 'a*', 'x');
    expect(bodies(await readAll(log, { devices: ['a*'] }))).toEqual(['x']);
  });

  it('when nothing matches, then the reader still learns where it stands', async () => {
    const log = await numbered(50);
    expect((await readBatches(log, { devices: ['nobody'] })).at(-1)).toEqual({
      messages: [],
      position: await log.head(),
      lost: 0,
      live: true,
    });
  });
});

describe('following', () => {
  it('when writers go on while readers follow, then each reader gets every message once and in order', async () => {
    const log = await temporaryLog();
    const total = 20_000;
    const follow = async (devices?: string[]): Promise<number[]> => {
      const seen: number[] = [];
      const wanted = devices === undefined ? total : total / 10;
      for await (const batch of log.read({ from: 'earliest', follow: true, batchSize: 333, devices })) {
        expect(batch.lost).toBe(0);
        for (const message of batch.messages) seen.push(Number(bodyOf(message)));
        if (seen.length >= wanted) break;
      }
      return seen;
    };
    const readers = [follow(), follow(), follow(['d3'])];
    for (let index = 0; index < total; index++) {
      log.append(senderOf(`d${index % 10}`), index, '', Buffer.from(String(index)), () => undefined);
      if (index % 97 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const [first, second, third] = await Promise.all(readers);
    for (const seen of [first, second]) {
      expect(seen?.toSorted((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, index) => index));
      for (let device = 0; device < 10; device++) {
        const own = seen?.filter((number) => number % 10 === device) ?? [];
        expect(own).toEqual(own.toSorted((a, b) => a - b));
      }
    }
    expect(third).toEqual(Array.from({ length: total / 10 }, (_, index) => index * 10 + 3));
  });

  it('when a follower waits at the end, then a new message wakes it', async () => {
    const log = await numbered(3);
    const reader = log.read({ from: 'latest', follow: true })[Symbol.asyncIterator]();
    await reader.next();
    expect((await reader.next()).value).toMatchObject({ messages: [], live: true });
    const next = reader.next();
    await store(log, 'd', 'fresh');
    const batch = (await next).value;
    expect(bodies(batch?.messages ?? [])).toEqual(['fresh']);
    expect(batch?.live).toBe(true);
    await reader.return?.();
  });

  it('when a follower is aborted while it waits, then it ends quietly', async () => {
    const log = await numbered(3);
    const abort = new AbortController();
    const ended = readBatches(log, { from: 'latest', follow: true, signal: abort.signal });
    setImmediate(() => abort.abort());
    expect((await ended).flatMap((batch) => batch.messages)).toEqual([]);
  });

  it('when the log closes, then followers end', async () => {
    const log = await numbered(3);
    const ended = readBatches(log, { follow: true });
    await log.close();
    expect((await ended).flatMap((batch) => batch.messages).length).toBeLessThanOrEqual(3);
  });

  it('when a follower has an end in a stream that never stops, then it ends all the same', async () => {
    const log = await temporaryLog();
    const done = new AbortController();
    const writing = (async () => {
      while (!done.signal.aborted) await store(log, 'd', 'x', Date.now());
    })();
    const until = Date.now() + 100;
    const messages = await readAll(log, { follow: true, until });
    done.abort();
    await writing;
    expect(messages.length).toBeGreaterThan(0);
    expect(messages.every((message) => message.enqueuedTime < until)).toBe(true);
  });

  it('when a follower has an end, then it ends when the time has come, with all that was stored before', async () => {
    const clock = fakeClock(1_000);
    const log = await temporaryLog({ clock });
    const reader = log.read({ from: 'earliest', follow: true, until: 6_000 })[Symbol.asyncIterator]();
    await reader.next();
    await reader.next();
    const next = reader.next();
    await store(log, 'd', 'in time', 5_999);
    expect(bodies((await next).value?.messages ?? [])).toEqual(['in time']);
    const last = reader.next();
    await clock.advance(5_000);
    expect((await last).done).toBe(true);
  });
});

it('when readers follow, then the log says how many do', async () => {
  const log = await temporaryLog();
  const reader = log.read({ from: 'latest', follow: true })[Symbol.asyncIterator]();
  await reader.next();
  expect((await log.stats()).followers).toBe(1);
  await reader.return?.();
  expect((await log.stats()).followers).toBe(0);
});
