import { describe, expect, it } from 'vitest';
import { Failure } from '../../../src/errors/index.ts';
import type { TelemetryBatch, TelemetryRequest } from '../../../src/fleet/ports.ts';
import { tailTelemetry, type TailEvent, type TailRequest } from '../../../src/fleet/telemetry/index.ts';
import type { TelemetryMessage } from '../../../src/protocol/telemetry/index.ts';
import { fakeClock, type FakeClock } from '../../support/fake-clock.ts';
import { batch, collect, failureOf, memoryHub, message, type MemoryHub } from '../../support/memory-hub.ts';

/** A hub that gives these batches and then, when it follows, waits until it is told to end. */
function streaming(...batches: readonly TelemetryBatch[]): MemoryHub {
  const hub = memoryHub();
  hub.onRead = async function* (request) {
    yield* batches;
    if (request.follow) await aborted(request);
  };
  return hub;
}

function aborted(request: TelemetryRequest): Promise<never> {
  return new Promise((_, reject) => {
    const end = (): void => reject(request.signal?.reason as Error);
    if (request.signal?.aborted === true) end();
    else request.signal?.addEventListener('abort', end, { once: true });
  });
}

function tail(
  hub: MemoryHub,
  request: Partial<TailRequest>,
  clock: FakeClock = fakeClock(),
): Promise<TelemetryMessage[]> {
  return (async () => (await collect(tailTelemetry(hub, clock, { devices: [], ...request }))).flat())();
}

const numbers = (messages: readonly TelemetryMessage[]): number[] =>
  messages.map(({ sequenceNumber }) => sequenceNumber);
const some = (from: number, to: number, deviceId = 'a'): TelemetryMessage[] =>
  Array.from({ length: to - from }, (_, index) => message(deviceId, from + index, { n: from + index }));

describe('following telemetry', () => {
  it('ends at the count, in the middle of a batch too', async () => {
    const hub = streaming(batch(some(0, 3)), batch(some(3, 9)));
    expect(numbers(await tail(hub, { count: 5 }))).toEqual([0, 1, 2, 3, 4]);
    expect(hub.telemetryRequests[0]).toMatchObject({ from: 'latest', follow: true });
  });

  it('ends quietly at the time limit, unless a count was asked for', async () => {
    const clock = fakeClock();
    const ending = tail(streaming(batch(some(0, 2))), { timeout: 1_000 }, clock);
    await clock.advance(999);
    expect(clock.pending).toBe(1);
    await clock.advance(1);
    expect(numbers(await ending)).toEqual([0, 1]);
    expect(clock.pending).toBe(0);

    const counting = failureOf(tail(streaming(batch(some(0, 2))), { timeout: 1_000, count: 3 }, clock));
    await clock.advance(1_000);
    expect(await counting).toMatchObject({
      code: 'timed-out',
      exitCode: 124,
      message: expect.stringContaining('2 of 3'),
    });
  });

  it('when the hub never ends the stream at --until, then it ends by itself', async () => {
    const clock = fakeClock();
    const hub = streaming(batch(some(0, 2)));
    const ending = tail(hub, { since: 0, until: clock.now() + 5_000 }, clock);
    await clock.advance(6_000);
    expect(numbers(await ending)).toEqual([0, 1]);
    expect(hub.telemetryRequests[0]).toMatchObject({ from: { time: 0 }, follow: true });
  });

  it('when --until has passed, then it reads what is stored and does not follow', async () => {
    const hub = streaming(batch(some(0, 2)));
    await tail(hub, { since: 5, until: 10 });
    expect(hub.telemetryRequests[0]).toMatchObject({ from: { time: 5 }, until: 10, follow: false });
  });

  it('when the signal aborts, then it ends with its reason and leaves no timer', async () => {
    const clock = fakeClock();
    const controller = new AbortController();
    const ending = failureOf(tail(streaming(), { timeout: 60_000, signal: controller.signal }, clock));
    await clock.advance(1);
    controller.abort(new Failure('interrupted', 'interrupted'));
    expect(await ending).toMatchObject({ code: 'interrupted' });
    expect(clock.pending).toBe(0);
  });

  it('when the hub fails for good, then that is the failure', async () => {
    const hub = memoryHub();
    hub.onRead = async function* () {
      yield batch(some(0, 1));
      throw new Failure('not-authorised', 'no');
    };
    expect(await failureOf(tail(hub, {}))).toMatchObject({ code: 'not-authorised' });
  });

  it('when there are more devices than an address can hold, then it picks them itself', async () => {
    const few = streaming(batch([message('a', 0, {}), message('b', 1, {})]));
    await tail(few, { devices: ['a', 'pump-*'], count: 1 });
    expect(few.telemetryRequests[0]?.devices).toEqual(['a', 'pump-*']);

    const many = streaming(batch([message('other', 0, {}), message('d7', 1, {}), message('pump-1', 2, {})]));
    const devices = [...Array.from({ length: 1_000 }, (_, index) => `d${index}`), 'pump-*'];
    expect(numbers(await tail(many, { devices, count: 2 }))).toEqual([1, 2]);
    expect(many.telemetryRequests[0]?.devices).toBeUndefined();
  });
});

describe('a condition while following', () => {
  it('asks for each twin once, and again when it has grown old', async () => {
    const hub = memoryHub();
    hub.add('a', { site: 'north' });
    hub.add('b', { site: 'south' });
    const clock = fakeClock();
    hub.onRead = async function* () {
      yield batch([message('a', 0, {}), message('b', 1, {}), message('gone', 2, {})]);
      yield batch([message('a', 3, {}), message('b', 4, {})]);
      const b = hub.stored.get('b');
      if (b !== undefined) b.tags = { site: 'north' };
      yield batch([message('b', 5, {})]);
      await clock.advance(31_000);
      yield batch([message('b', 6, {})]);
    };
    expect(numbers(await tail(hub, { where: "tags.site = 'north'" }, clock))).toEqual([0, 3, 6]);
    expect(hub.queriesRun).toHaveLength(2);
  });

  it('when it looks at the body alone, then no twin is asked for', async () => {
    const hub = streaming(batch(some(0, 5)));
    expect(numbers(await tail(hub, { where: 'n > 2', count: 2 }))).toEqual([3, 4]);
    expect(hub.queriesRun).toEqual([]);
  });
});

describe('what a tail tells', () => {
  it('says that the link is lost once, and what it caught up when it is back', async () => {
    const hub = memoryHub();
    hub.onRead = async function* ({ onLink }) {
      yield batch(some(0, 1));
      onLink?.({ kind: 'lost', reason: 'connection refused', retryInMs: 100 });
      onLink?.({ kind: 'lost', reason: 'connection refused', retryInMs: 200 });
      onLink?.({ kind: 'restored', afterMs: 3_200 });
      yield batch(some(1, 101), { live: false });
      yield batch(some(101, 121), { lost: 7 });
      yield batch(some(121, 122));
    };
    const events: TailEvent[] = [];
    expect(numbers(await tail(hub, { onEvent: (event) => events.push(event) }))).toHaveLength(122);
    expect(events).toEqual([
      { kind: 'lost-link', reason: 'connection refused' },
      { kind: 'lost-messages', messages: 7 },
      { kind: 'caught-up', afterMs: 3_200, messages: 120 },
    ]);
  });
});
