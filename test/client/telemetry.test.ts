import type { ServerResponse } from 'node:http';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { connectHub, type LinkEvent, type TelemetryBatch, type TelemetryRequest } from '../../src/client/index.ts';
import { readBatches } from '../../src/client/telemetry/batches.ts';
import { createCursor } from '../../src/client/telemetry/cursor.ts';
import { Failure, isFailure } from '../../src/errors/index.ts';
import { collect, json, quickClock, refusal, scriptedHub, type ScriptedHub, type Step } from './scripted-hub.ts';

const at = Date.UTC(2026, 10, 21, 12);

function line(n: number, p = 0, device = 'pump-1'): string {
  return `${JSON.stringify({ d: device, p, n, t: at + n, b: `{"n":${n}}` })}\n`;
}

function mark(position: string, rest: object = {}): string {
  return `${JSON.stringify({ position, ...rest })}\n`;
}

function stream(text: string, end: (response: ServerResponse) => void = (response) => response.end()): Step {
  return (_, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.write(text, () => end(response));
  };
}

/** Cuts the link a moment after the text is out, so that the text arrives before the cut. */
const cut = (response: ServerResponse): void => {
  setTimeout(() => response.socket?.destroy(), 20);
};
const hang = (): void => undefined;

function read(
  hub: Pick<ScriptedHub, 'connection'>,
  request: Partial<TelemetryRequest>,
  clock = quickClock(),
): AsyncIterable<TelemetryBatch> {
  const service = connectHub(hub.connection, { clock, random: () => 0.5 });
  return service.telemetry.read({ from: 'earliest', follow: false, ...request });
}

async function numbers(batches: AsyncIterable<TelemetryBatch>): Promise<number[]> {
  const all: number[] = [];
  for await (const batch of batches) all.push(...batch.messages.map(({ sequenceNumber }) => sequenceNumber));
  return all;
}

async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'no failure',
    (error: unknown) => error,
  );
}

describe('a read that does not follow', () => {
  test('when the log is given, then messages, position, live and lost come out', async () => {
    await using hub = await scriptedHub(
      stream(mark('0:0,1:4', { lost: 4 }) + line(0) + line(4, 1) + mark('0:1,1:5', { live: true })),
    );
    const batches = await collect(read(hub, { devices: ['pump-*', 'truck-1'], until: at + 60_000 }));
    const messages = batches.flatMap((batch) => batch.messages);
    expect(messages[0]).toEqual({
      deviceId: 'pump-1',
      partition: 0,
      sequenceNumber: 0,
      enqueuedTime: '2026-11-21T12:00:00.000Z',
      system: {},
      properties: {},
      body: Buffer.from('{"n":0}'),
    });
    expect(batches.at(-1)).toMatchObject({ position: '0:1,1:5', live: true });
    expect(batches.reduce((sum, { lost }) => sum + lost, 0)).toBe(4);
    const parameters = hub.requests[0]?.url.searchParams;
    expect(parameters?.getAll('device')).toEqual(['pump-*', 'truck-1']);
    expect(parameters?.get('from')).toBe('earliest');
    expect(parameters?.get('follow')).toBe('false');
    expect(parameters?.get('until')).toBe('2026-11-21T12:01:00.000Z');
  });

  test.each([
    [{ time: at }, '2026-11-21T12:00:00.000Z'],
    [{ position: '0:7,1:9' }, '0:7,1:9'],
    ['latest' as const, 'latest'],
  ])('when it begins at %o, then the hub is asked for that', async (from, asked) => {
    await using hub = await scriptedHub(stream(mark('0:0')));
    await numbers(read(hub, { from }));
    expect(hub.requests[0]?.url.searchParams.get('from')).toBe(asked);
  });

  test('when the link is cut, then it goes on from the position without repeat', async () => {
    await using hub = await scriptedHub(
      stream(mark('0:0,1:0') + line(0) + line(1), cut),
      stream(line(1) + line(2) + line(3)),
    );
    expect(await numbers(read(hub, {}))).toEqual([0, 1, 2, 3]);
    expect(hub.requests[1]?.url.searchParams.get('from')).toBe('0:2,1:0');
  });

  test('when the hub keeps failing, then it gives up', async () => {
    await using hub = await scriptedHub(
      stream(mark('0:0') + line(0), cut),
      refusal(503, 'ServiceUnavailable', 'later'),
    );
    expect(await reasonOf(numbers(read(hub, {})))).toMatchObject({ code: 'hub-unreachable' });
    expect(hub.requests.length).toBeLessThan(10);
  });

  test('when the stream has no end of line at its end, then nothing is lost', async () => {
    await using hub = await scriptedHub(stream(mark('0:0') + line(0) + line(1).slice(0, 10)), stream(line(1)));
    expect(await numbers(read(hub, {}))).toEqual([0, 1]);
  });
});

describe('a read that follows', () => {
  test('when the hub restarts, then it says lost and restored and goes on', async () => {
    const events: LinkEvent[] = [];
    const controller = new AbortController();
    await using hub = await scriptedHub(
      stream(mark('0:0') + line(0), cut),
      refusal(503, 'ServiceUnavailable', 'starting'),
      stream(line(1) + mark('0:2', { live: true }), hang),
    );
    const seen: number[] = [];
    const clock = quickClock();
    const batches = read(
      hub,
      { follow: true, signal: controller.signal, onLink: (event) => events.push(event) },
      clock,
    );
    const end = reasonOf(
      (async () => {
        for await (const batch of batches) {
          seen.push(...batch.messages.map(({ sequenceNumber }) => sequenceNumber));
          if (batch.live) controller.abort(new Failure('interrupted', 'enough'));
        }
      })(),
    );
    expect(await end).toMatchObject({ code: 'interrupted' });
    expect(seen).toEqual([0, 1]);
    expect(events.map(({ kind }) => kind)).toEqual(['lost', 'lost', 'restored']);
    expect(clock.waits[1]).toBeGreaterThan(clock.waits[0] ?? 0);
  });

  test('when the stream goes silent for longer than a heartbeat, then the link counts as lost', async () => {
    const controller = new AbortController();
    const clock = quickClock();
    await using hub = await scriptedHub(stream(mark('0:0') + line(0), hang), stream(line(1), hang));
    const seen: number[] = [];
    try {
      for await (const batch of read(hub, { follow: true, signal: controller.signal }, clock)) {
        seen.push(...batch.messages.map(({ sequenceNumber }) => sequenceNumber));
        if (seen.includes(1)) controller.abort(new Failure('interrupted', 'enough'));
        else setTimeout(() => clock.expire(), 20);
      }
    } catch (error) {
      expect(isFailure(error, 'interrupted')).toBe(true);
    }
    expect(seen).toEqual([0, 1]);
  });

  test('when the hub refuses the token after a while, then it ends', async () => {
    await using hub = await scriptedHub(
      stream(mark('0:0') + line(0), cut),
      refusal(401, 'IotHubUnauthorizedAccess', 'no', { date: new Date(at).toUTCString() }),
    );
    expect(await reasonOf(numbers(read(hub, { follow: true })))).toMatchObject({ code: 'not-authorised' });
  });

  test('when the hub is not there at the first try, then that is said at once', async () => {
    const hub = await scriptedHub(json(200, {}));
    const { connection } = hub;
    await hub[Symbol.asyncDispose]();
    const clock = quickClock();
    const service = connectHub(connection, { clock, random: () => 0.5 });
    const batches = service.telemetry.read({ from: 'latest', follow: true });
    expect(await reasonOf(numbers(batches))).toMatchObject({ code: 'hub-unreachable' });
    expect(clock.waits).toEqual([]);
  });

  test('when the reader stops, then the connection is dropped', async () => {
    const closed = Promise.withResolvers<void>();
    await using hub = await scriptedHub((_, response) => {
      response.on('close', closed.resolve);
      response.write(mark('0:0') + line(0));
    });
    for await (const batch of read(hub, { follow: true })) {
      if (batch.messages.length > 0) break;
    }
    await closed.promise;
  });
});

test('when the hub has no such stream, then its AMQP endpoint is asked, as in the cloud', async () => {
  await using hub = await scriptedHub(refusal(404, 'NotFound', 'nothing here'));
  const connection = { ...hub.connection, amqpUrl: 'amqp://127.0.0.1:9' };
  expect(await reasonOf(numbers(read({ connection }, {})))).toMatchObject({
    code: 'hub-unreachable',
    details: { address: '127.0.0.1:9' },
  });
});

test.each(['{"d":1}', 'not json', '[]', '{"d":"a","p":0,"n":0,"t":1e300,"b":""}'])(
  'when a line is %s, then the stream ends with a failure',
  async (bad) => {
    await using hub = await scriptedHub(stream(`${mark('0:0')}${bad}\n`));
    expect(await reasonOf(numbers(read(hub, { follow: true })))).toMatchObject({ code: 'hub-failed' });
  },
);

test('when the text is cut anywhere, then the same messages come out', async () => {
  const text = mark('0:0,1:0') + [0, 1, 2, 3].map((n) => line(n, n % 2, `gerät-${n}`)).join('') + mark('0:4,1:4');
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: text.length }), { maxLength: 8 }), async (cuts) => {
      const places = [0, ...cuts.toSorted((a, b) => a - b), text.length];
      const chunks = places.slice(1).map((place, index) => text.slice(places[index], place));
      const ids: string[] = [];
      for await (const batch of readBatches(arrive(chunks), createCursor('earliest')))
        ids.push(...batch.messages.map((message) => message.deviceId));
      expect(ids).toEqual(['gerät-0', 'gerät-1', 'gerät-2', 'gerät-3']);
    }),
  );
});

test('when marks and messages are interleaved and repeated at will, then each message comes once and in order', async () => {
  const reconnects = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(reconnects, async (steps) => {
      const cursor = createCursor('earliest');
      const seen: number[] = [];
      let sent = 0;
      for (const step of steps) {
        const from = Math.max(0, sent - 2);
        const lines = Array.from({ length: sent + step - from }, (_, index) => line(from + index));
        sent += step;
        for await (const batch of readBatches(arrive([mark(`0:${from}`), ...lines]), cursor)) {
          seen.push(...batch.messages.map(({ sequenceNumber }) => sequenceNumber));
        }
      }
      expect(seen).toEqual(Array.from({ length: sent }, (_, index) => index));
    }),
  );
});

async function* arrive(chunks: readonly string[]): AsyncGenerator<string, void, undefined> {
  yield* chunks;
}
