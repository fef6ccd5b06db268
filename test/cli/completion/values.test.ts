import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hubValues } from '../../../src/cli/completion/values.ts';
import type { CommandContext } from '../../../src/cli/context.ts';
import { fakeClock } from '../../support/fake-clock.ts';

let cache = '';
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'iotctl-completion-'));
});
afterEach(() => rm(cache, { recursive: true }));

type Context = Parameters<typeof hubValues>[0];

/** A hub whose queries answer with these pages, or never. */
function contextWith(
  pages: readonly string[][] | 'never' | Error,
  clock = fakeClock(),
): { context: Context; asked: () => number } {
  let asked = 0;
  const query = async function* (
    _text: string,
    options?: { signal?: AbortSignal },
  ): AsyncGenerator<{ deviceId: string }[]> {
    asked++;
    if (pages instanceof Error) throw pages;
    if (pages === 'never') {
      await new Promise((_, reject) =>
        options?.signal?.addEventListener('abort', () => reject(options.signal?.reason as Error)),
      );
      return;
    }
    for (const page of pages) yield page.map((deviceId) => ({ deviceId }));
  };
  const context = {
    clock,
    directories: { config: '', state: '', data: '', cache },
    connection: async () => ({ name: 'local', hostName: 'localhost' }),
    hub: async () => ({ queries: { query } }),
    profiles: async () => ({ list: async () => [] }),
  };
  return { context: context as unknown as Pick<CommandContext, keyof Context>, asked: () => asked };
}

describe('device ids for the shell', () => {
  test('come from the hub once a minute, then from the cache', async () => {
    const clock = fakeClock();
    const { context, asked } = contextWith([['pump-1', 'pump-2'], ['pump-3']], clock);
    expect(await hubValues(context, 'device')).toEqual(['pump-1', 'pump-2', 'pump-3']);
    await clock.advance(59_000);
    await hubValues(context, 'device');
    expect(asked()).toBe(1);
    await clock.advance(2_000);
    await hubValues(context, 'device');
    expect(asked()).toBe(2);
    expect(await readdir(join(cache, 'completion'))).toHaveLength(1);
  });

  test('are given up after a short time; what was known is offered then', async () => {
    const clock = fakeClock();
    await hubValues(contextWith([['pump-1']], clock).context, 'device');
    await clock.advance(120_000);
    const late = hubValues(contextWith('never', clock).context, 'device');
    // The cache is read from the disk before the hub is asked and the clock starts.
    while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(800);
    expect(await late).toEqual(['pump-1']);
  });

  test('are none when the hub fails', async () => {
    expect(await hubValues(contextWith(new Error('no')).context, 'device')).toEqual([]);
  });

  test('are at most a thousand', async () => {
    const page = Array.from({ length: 700 }, (_, index) => `pump-${index}`);
    expect(await hubValues(contextWith([page, page]).context, 'device')).toHaveLength(1_000);
  });
});
