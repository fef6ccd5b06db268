import { describe, expect, test } from 'vitest';
import { createReaders, type ReaderThread, type Work } from '../../../../src/hub/store/sqlite/readers.ts';
import { DatabaseError } from '../../../../src/hub/store/sqlite/thread/errors.ts';
import type { QueryReply } from '../../../../src/hub/store/sqlite/thread/messages.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

const reply: QueryReply = { columns: [], rows: [], changes: 0 };

/** Threads whose statements end when the test says so. */
function rig() {
  const running = new Map<string, () => void>();
  const threads: { open: boolean; die: () => void }[] = [];
  const clock = fakeClock();
  const readers = createReaders({
    clock,
    limitMs: 1_000,
    async start(onGone): Promise<ReaderThread> {
      const broken: ((error: Error) => void)[] = [];
      const thread = {
        open: true,
        die() {
          onGone(new Error('out of memory'));
          for (const reject of broken) reject(new DatabaseError('Closed', 'it is gone'));
        },
      };
      threads.push(thread);
      return Promise.resolve({
        query: (sql: string) =>
          new Promise<QueryReply>((resolve, reject) => {
            broken.push(reject);
            running.set(sql, () => {
              running.delete(sql);
              resolve(reply);
            });
          }),
        close() {
          thread.open = false;
          return Promise.resolve();
        },
      });
    },
  });
  const ended: string[] = [];
  const ask = (sql: string, work: Work) =>
    readers.query(sql, [], work).then(
      () => void ended.push(sql),
      () => void ended.push(`${sql} failed`),
    );
  const end = async (sql: string): Promise<void> => {
    running.get(sql)?.();
    await settle();
  };
  return { readers, clock, threads, ended, ask, end, running: () => [...running.keys()] };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('threads that read', () => {
  test('when one scan runs, then another waits, and searches do not', async () => {
    const { ask, end, ended, running, threads } = rig();
    void ask('scan 1', 'scan');
    void ask('scan 2', 'scan');
    void ask('search 1', 'search');
    void ask('search 2', 'search');
    await settle();
    expect(running()).toEqual(['scan 1', 'search 1']);
    await end('search 1');
    expect(running()).toEqual(['scan 1', 'search 2']);
    await end('search 2');
    expect(running()).toEqual(['scan 1']);
    await end('scan 1');
    expect(running()).toEqual(['scan 2']);
    await end('scan 2');
    expect(ended).toEqual(['search 1', 'search 2', 'scan 1', 'scan 2']);
    expect(threads).toHaveLength(2);
  });

  test('when nothing is asked at once, then one thread does it all', async () => {
    const { ask, end, threads } = rig();
    for (const work of ['scan', 'search', 'scan'] as const) {
      void ask('one', work);
      await settle();
      await end('one');
    }
    expect(threads).toHaveLength(1);
  });

  test('when searches come alone, then they share one thread, until a scan needs the other', async () => {
    const { ask, end, running, threads } = rig();
    void ask('search 1', 'search');
    void ask('search 2', 'search');
    await settle();
    expect(running()).toEqual(['search 1']);
    void ask('scan 1', 'scan');
    await settle();
    expect(running()).toEqual(['search 1', 'scan 1']);
    await end('search 1');
    expect(running()).toEqual(['scan 1', 'search 2']);
    await end('scan 1');
    await end('search 2');
    expect(threads).toHaveLength(2);
  });

  test('when nothing was asked for long, then threads are let go, and come back when they are needed', async () => {
    const { readers, ask, end, threads, clock } = rig();
    expect(readers.active).toBe(false);
    void ask('one', 'search');
    await settle();
    await clock.advance(60_000);
    expect(readers.active).toBe(true);
    await end('one');
    await clock.advance(29_000);
    expect(threads[0]?.open).toBe(true);
    await clock.advance(2_000);
    await settle();
    expect([readers.active, threads[0]?.open]).toEqual([false, false]);
    void ask('two', 'scan');
    await settle();
    expect(threads).toHaveLength(2);
  });

  test('when a thread dies, then what it ran fails and what waits runs on a new one', async () => {
    const { ask, end, ended, threads } = rig();
    void ask('scan 1', 'scan');
    void ask('scan 2', 'scan');
    await settle();
    threads[0]?.die();
    await settle();
    expect(ended).toEqual(['scan 1 failed']);
    expect(threads).toHaveLength(2);
    await end('scan 2');
    expect(ended).toEqual(['scan 1 failed', 'scan 2']);
  });

  test('when a thread cannot be started, then the query fails and the next one tries again', async () => {
    let tries = 0;
    const readers = createReaders({
      limitMs: 1_000,
      async start() {
        tries++;
        if (tries === 1) throw new DatabaseError('EMFILE', 'too many open files');
        return Promise.resolve({ query: () => Promise.resolve(reply), close: () => Promise.resolve() });
      },
    });
    await expect(readers.query('a', [], 'scan')).rejects.toMatchObject({ code: 'EMFILE' });
    await expect(readers.query('b', [], 'scan')).resolves.toEqual(reply);
  });

  test('when too many wait, then more are refused in the words of a busy hub', async () => {
    const { readers, ask } = rig();
    for (let count = 0; count < 33; count++) void ask(`scan ${count}`, 'scan');
    await expect(readers.query('one too many', [], 'scan')).rejects.toMatchObject({ symbol: 'ThrottlingException' });
  });

  test('when it closes, then what waits is refused and threads end', async () => {
    const { readers, ask, ended, threads } = rig();
    void ask('scan 1', 'scan');
    void ask('scan 2', 'scan');
    await settle();
    await readers.close();
    await settle();
    expect(ended).toEqual(['scan 2 failed']);
    expect(threads.map(({ open }) => open)).toEqual([false]);
  });
});
