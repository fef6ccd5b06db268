import { describe, expect, it } from 'vitest';
import { tailEvents, tailFeedback, tailMessageEvents, type DeviceEvent } from '../../../src/fleet/events/index.ts';
import type { FeedbackRecord, LinkEvent } from '../../../src/fleet/ports.ts';
import type { MessageSource, TelemetryMessage } from '../../../src/protocol/telemetry/index.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { batch, collect, failureOf, memoryHub, message, type MemoryHub } from '../../support/memory-hub.ts';

function event(sequenceNumber: number, source: MessageSource, opType: string, body: unknown = {}): TelemetryMessage {
  return message('pump-1', sequenceNumber, body, { source, properties: { opType } });
}

const told = [
  event(0, 'deviceLifecycleEvents', 'createDeviceIdentity'),
  event(1, 'deviceConnectionStateEvents', 'deviceConnected'),
  event(2, 'twinChangeEvents', 'updateTwin', { tags: { site: 'a' } }),
  event(3, 'twinChangeEvents', 'replaceTwin'),
  event(4, 'deviceConnectionStateEvents', 'deviceDisconnected'),
  event(5, 'deviceLifecycleEvents', 'deleteDeviceIdentity'),
  event(6, 'digitalTwinChangeEvents', 'somethingNew'),
];

function telling(...messages: readonly TelemetryMessage[]): MemoryHub {
  const hub = memoryHub();
  hub.onRead = async function* () {
    yield batch(messages);
  };
  return hub;
}

const words = (events: readonly DeviceEvent[]): string[] => events.map(({ event: word }) => word);

describe('following events', () => {
  it('gives each a word; what it does not know it calls as the hub does', async () => {
    const events = (await collect(tailEvents(telling(...told), fakeClock(), { devices: [], types: [] }))).flat();
    expect(words(events)).toEqual([
      'created',
      'connected',
      'twin-changed',
      'twin-replaced',
      'disconnected',
      'deleted',
      'somethingNew',
    ]);
    expect(events[2]).toEqual({
      deviceId: 'pump-1',
      time: '2026-01-01T00:00:02.000Z',
      event: 'twin-changed',
      source: 'twinChangeEvents',
      details: { tags: { site: 'a' } },
    });
  });

  it('asks the hub for events alone, and for no more sources than the types need', async () => {
    const hub = telling();
    await collect(tailEvents(hub, fakeClock(), { devices: [], types: [] }));
    await collect(tailEvents(hub, fakeClock(), { devices: [], types: ['connected', 'disconnected'] }));
    expect(hub.telemetryRequests[0]?.sources).not.toContain('Telemetry');
    expect(hub.telemetryRequests[1]?.sources).toEqual(['deviceConnectionStateEvents']);
  });

  it('counts the events of the types that were asked for, and no others', async () => {
    const request = { devices: [], types: ['twin', 'disconnected'], count: 3 } as const;
    expect(words((await collect(tailEvents(telling(...told), fakeClock(), request))).flat())).toEqual([
      'twin-changed',
      'twin-replaced',
      'disconnected',
    ]);
  });

  it('gives the way of messages, words of several parts with dashes', async () => {
    const hub = telling(
      event(0, 'deviceMessageEvents', 'messageQueued'),
      event(1, 'deviceMessageEvents', 'messageDeliveryCountExceeded'),
    );
    expect(words((await collect(tailMessageEvents(hub, fakeClock(), { devices: [] }))).flat())).toEqual([
      'queued',
      'delivery-count-exceeded',
    ]);
    expect(hub.telemetryRequests[0]?.sources).toEqual(['deviceMessageEvents']);
  });
});

const record: FeedbackRecord = {
  originalMessageId: 'm-1',
  deviceId: 'pump-1',
  deviceGenerationId: '1',
  statusCode: 'Success',
  description: 'Success',
  enqueuedTimeUtc: '2026-01-01T00:00:00.0000000Z',
};

/** Gives these lots, then waits for its end. */
function feeding(lots: readonly (readonly FeedbackRecord[])[], links: readonly LinkEvent[] = []): MemoryHub {
  const hub = memoryHub();
  const channel: MemoryHub['channel'] = {
    ...hub.channel,
    async *feedback({ signal, onLink, onReady } = {}) {
      onReady?.();
      for (const link of links) onLink?.(link);
      yield* lots;
      await new Promise((_, reject) => {
        const end = (): void => reject(signal?.reason as Error);
        if (signal?.aborted === true) end();
        else signal?.addEventListener('abort', end, { once: true });
      });
    },
  };
  return { ...hub, channel };
}

describe('reading feedback', () => {
  it('ends at the count, with the whole lot that reached it', async () => {
    const hub = feeding([[record], [record, record]]);
    expect((await collect(tailFeedback(hub, fakeClock(), { count: 2 }))).flat()).toHaveLength(3);
  });

  it('ends at the time limit: quietly, or as a failure when a count was asked for', async () => {
    const clock = fakeClock();
    const quiet = collect(tailFeedback(feeding([[record]]), clock, { timeout: 1_000 }));
    const counting = failureOf(collect(tailFeedback(feeding([[record]]), clock, { timeout: 1_000, count: 2 })));
    await clock.advance(1_000);
    expect((await quiet).flat()).toHaveLength(1);
    expect(await counting).toMatchObject({ code: 'timed-out', message: 'the time limit ran out with 1 of 2 records' });
  });

  it('ends with the reason of its signal', async () => {
    const end = new AbortController();
    const reading = collect(tailFeedback(feeding([]), fakeClock(), { signal: end.signal }));
    end.abort(new Error('Ctrl-C'));
    await expect(reading).rejects.toThrow('Ctrl-C');
  });

  it('tells of a lost link once, however often it is tried', async () => {
    const lost: LinkEvent = { kind: 'lost', reason: 'gone', retryInMs: 1 };
    const heard: LinkEvent['kind'][] = [];
    const hub = feeding([[record]], [lost, lost, { kind: 'restored', afterMs: 2 }, lost]);
    await collect(tailFeedback(hub, fakeClock(), { count: 1, onLink: ({ kind }) => heard.push(kind) }));
    expect(heard).toEqual(['lost', 'restored', 'lost']);
  });
});
