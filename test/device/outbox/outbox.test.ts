import { spawn } from 'node:child_process';
import { appendFile, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeFrame } from '../../../src/device/outbox/frame.ts';
import { Outbox } from '../../../src/device/outbox/outbox.ts';

let directory: string;
const opened: Outbox[] = [];

beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'iotctl-outbox-')), 'box');
});
afterEach(async () => {
  await killed();
  await rm(join(directory, '..'), { recursive: true, force: true });
});

async function openBox(maximumBytes = 1_000_000, onDropped?: (count: number) => void): Promise<Outbox> {
  const outbox = await Outbox.open({ directory, maximumBytes, ...(onDropped === undefined ? {} : { onDropped }) });
  opened.push(outbox);
  return outbox;
}

/** Ends every open outbox. Closing writes nothing, so the disk is as after a kill between two operations. */
async function killed(): Promise<void> {
  for (const outbox of opened.splice(0)) await outbox.close().catch(() => undefined);
}

async function newestFile(): Promise<string> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.outbox'));
  return join(directory, names.toSorted((a, b) => a.localeCompare(b)).at(-1) ?? 'none');
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
async function contents(outbox: Outbox): Promise<string[]> {
  const found: string[] = [];
  for (const record of await outbox.peek(1_000)) found.push(new TextDecoder().decode(record.payload));
  return found;
}

describe('an outbox', () => {
  test('keeps records in order until they are acknowledged', async () => {
    const outbox = await openBox();
    for (const text of ['a', 'b', 'c']) await outbox.append(bytes(text));
    expect(await contents(outbox)).toEqual(['a', 'b', 'c']);
    await outbox.acknowledge(1);
    expect(await contents(outbox)).toEqual(['c']);
    expect(outbox.stats()).toMatchObject({ waiting: 1, dropped: 0 });
  });

  test('is a directory for its owner alone', async () => {
    const outbox = await openBox();
    await outbox.append(bytes('a'));
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(directory)) expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
  });

  test('goes on with the same numbers after a restart, also when everything was acknowledged', async () => {
    const first = await openBox();
    await first.append(bytes('a'));
    const last = await first.append(bytes('b'));
    await first.acknowledge(last);
    await first.close();
    const second = await openBox();
    expect(await contents(second)).toEqual([]);
    expect(await second.append(bytes('c'))).toBe(last + 1);
  });

  test('remembers what was acknowledged when a new file takes the place of one that holds acknowledgements alone', async () => {
    const first = await openBox();
    await first.append(bytes('a'));
    await first.append(bytes('b'));
    await killed();
    await (await openBox()).acknowledge(0);
    await killed();
    await (await openBox()).append(bytes('c'));
    await killed();
    expect(await contents(await openBox())).toEqual(['b', 'c']);
  });

  test('drops a torn last record and keeps all before it', async () => {
    await (await openBox()).append(bytes('whole'));
    await killed();
    await appendFile(await newestFile(), encodeFrame('record', bytes('half written')).subarray(0, 15));
    const second = await openBox();
    expect(await contents(second)).toEqual(['whole']);
    await second.append(bytes('next'));
    await killed();
    expect(await contents(await openBox())).toEqual(['whole', 'next']);
  });

  test('never takes a damaged record for a sound one', async () => {
    await (await openBox()).append(bytes('unharmed'));
    await killed();
    const frame = encodeFrame('record', bytes('tampered'));
    frame[frame.length - 1] = (frame.at(-1) ?? 0) ^ 1;
    await appendFile(await newestFile(), frame);
    expect(await contents(await openBox())).toEqual(['unharmed']);
  });

  test('leaves foreign files alone', async () => {
    await (await openBox()).close();
    await writeFile(join(directory, 'notes.txt'), 'mine');
    const outbox = await openBox();
    await outbox.append(bytes('a'));
    expect(await readdir(directory)).toContain('notes.txt');
  });

  test('when full, gives up the oldest records, counts them and stays within its bound', async () => {
    let told = 0;
    const outbox = await openBox(4_000, (count) => (told += count));
    for (let number = 0; number < 200; number++) await outbox.append(bytes(`record ${number} ${'x'.repeat(80)}`));
    const { waiting, dropped, bytes: size } = outbox.stats();
    expect(size).toBeLessThanOrEqual(4_000);
    expect(dropped).toBe(told);
    expect(waiting + dropped).toBe(200);
    const records = await outbox.peek(1_000);
    expect(records[0]?.number).toBe(dropped);
  });

  test('does not grow on the disk while everything gets through', async () => {
    const outbox = await openBox();
    for (let number = 0; number < 400; number++) await outbox.acknowledge(await outbox.append(new Uint8Array(1_000)));
    expect(outbox.stats().bytes).toBeLessThan(200_000);
  });

  test('wakes who waits for a record', async () => {
    const outbox = await openBox();
    const arrival = outbox.arrival(new AbortController().signal);
    await outbox.append(bytes('a'));
    await arrival;
    const stop = new AbortController();
    await outbox.acknowledge(0);
    const never = outbox.arrival(stop.signal);
    stop.abort();
    await never;
  });
});

type Step =
  | { readonly kind: 'append'; readonly size: number }
  | { readonly kind: 'acknowledge'; readonly share: number }
  | { readonly kind: 'crash'; readonly torn: number }
  | { readonly kind: 'restart' };

const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ kind: fc.constant('append' as const), size: fc.integer({ min: 0, max: 400 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('acknowledge' as const),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), torn: fc.integer({ min: 0, max: 60 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  ),
  { maxLength: 60 },
);

test('whatever was appended is there, in order and once, after any run of sends, crashes and restarts', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (run: readonly Step[]) => {
      await rm(directory, { recursive: true, force: true });
      let outbox = await openBox();
      let waiting: string[] = [];
      let counter = 0;
      for (const step of run) {
        if (step.kind === 'append') {
          const text = `${counter++}:${'x'.repeat(step.size)}`;
          await outbox.append(bytes(text));
          waiting.push(text);
        } else if (step.kind === 'acknowledge') {
          const records = await outbox.peek(Math.ceil(step.share * waiting.length));
          const last = records.at(-1);
          if (last !== undefined) await outbox.acknowledge(last.number);
          waiting = waiting.slice(records.length);
        } else {
          await killed();
          if (step.kind === 'crash') await tearNewest(step.torn);
          outbox = await openBox();
        }
        expect(await contents(outbox)).toEqual(waiting);
      }
      await killed();
    }),
    { numRuns: 60 },
  );
});

/** Leaves what a kill in the middle of an append leaves: the beginning of a frame at the end of the newest file. */
async function tearNewest(length: number): Promise<void> {
  const newest = await newestFile();
  if (newest.endsWith('.outbox'))
    await appendFile(newest, encodeFrame('record', new Uint8Array(60)).subarray(0, length));
}

test('is for one process at a time', async () => {
  const first = await openBox();
  await expect(openBox()).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining(directory) as string,
  });
  await first.close();
  await openBox();
});

test('a process killed while it appends and acknowledges loses nothing it was told is kept', async () => {
  for (let round = 0; round < 4; round++) {
    const child = spawn(process.execPath, [new URL('appending-child.ts', import.meta.url).pathname, directory]);
    const told = new Map<string, number>();
    let kept = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      const [word, number] = line.split(' ');
      told.set(word ?? '', Number(number));
      if (word === 'kept' && ++kept > 25 + round * 17) child.kill('SIGKILL');
    }
    const outbox = await openBox();
    const numbers = (await outbox.peek(10_000)).map((record) => record.number);
    const [first = 0] = numbers;
    expect(numbers).toEqual(numbers.map((_, index) => first + index));
    expect(first).toBeLessThanOrEqual((told.get('acknowledging') ?? -1) + 1);
    expect(first + numbers.length - 1).toBeGreaterThanOrEqual(told.get('kept') ?? 0);
    await killed();
  }
});
