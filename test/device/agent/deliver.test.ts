import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { deliver, encodeReading } from '../../../src/device/agent/deliver.ts';
import { Outbox } from '../../../src/device/outbox/outbox.ts';
import { Failure } from '../../../src/errors/index.ts';
import type { JsonValue } from '../../../src/std/json.ts';
import { realClock } from '../../support/real-clock.ts';

let directory: string;
let outbox: Outbox;
const stop: { controller: AbortController; done: Promise<void> } = {
  controller: new AbortController(),
  done: Promise.resolve(),
};

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'iotctl-deliver-'));
  outbox = await Outbox.open({ directory, maximumBytes: 1_000_000 });
});
afterEach(async () => {
  stop.controller.abort();
  await stop.done;
  await outbox.close();
  await rm(directory, { recursive: true });
});

/** Delivers to a hub that treats each body as told; resolves with the bodies it took once the outbox is empty. */
async function deliverTo(
  hub: (body: JsonValue) => Promise<void> | void,
): Promise<{ taken: JsonValue[]; refused: string[] }> {
  const taken: JsonValue[] = [];
  const refused: string[] = [];
  const empty = Promise.withResolvers<void>();
  stop.controller = new AbortController();
  stop.done = deliver({
    outbox,
    connection: {
      sendTelemetry: async (body) => {
        await hub(body as JsonValue);
        taken.push(body as JsonValue);
      },
    },
    // Pauses are none here.
    clock: { ...realClock, after: (_, fire) => realClock.after(0, fire) },
    signal: stop.controller.signal,
    onDelivered: () => {
      if (outbox.stats().waiting === 0) empty.resolve();
    },
    onRefused: (reason) => refused.push(reason),
  });
  await empty.promise;
  return { taken, refused };
}

async function keep(...numbers: number[]): Promise<void> {
  for (const n of numbers) await outbox.append(encodeReading({ time: 1_700_000_000_000 + n, body: { n } }));
}

test('what failed is sent again together with what came after it, so that the order is kept', async () => {
  await keep(1, 2, 3);
  let failures = 1;
  const { taken } = await deliverTo((body) => {
    if (JSON.stringify(body) === '{"n":2}' && failures-- > 0)
      throw new Failure('timed-out', 'no answer', { retryable: true });
  });
  expect(taken).toEqual([{ n: 1 }, { n: 3 }, { n: 2 }, { n: 3 }]);
});

test('a reading no hub would take, and a record that is no reading, are given up instead of blocking the rest', async () => {
  await keep(1);
  for (const text of ['null', '[]', '{"time":"now","body":{}}', '{"time":1e300,"body":{}}', 'not JSON', '{"time":5}']) {
    await outbox.append(new TextEncoder().encode(text));
  }
  await keep(2, 3);
  const { taken, refused } = await deliverTo((body) => {
    if (JSON.stringify(body) === '{"n":2}') throw new Failure('invalid-value', 'too large');
  });
  expect(taken).toEqual([{ n: 1 }, { n: 3 }]);
  expect(refused).toHaveLength(7);
  expect(refused).toContain('too large');
});

test('ends at once when it is stopped in the middle of a send', async () => {
  await keep(1);
  void deliverTo(() => new Promise(() => undefined));
  await new Promise((resolve) => setImmediate(resolve));
  stop.controller.abort();
  await stop.done;
  expect(outbox.stats().waiting).toBe(1);
});
