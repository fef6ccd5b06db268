import { describe, expect, test } from 'vitest';
import type { FeedbackRecord } from '../../../../src/fleet/ports.ts';
import { batch, memoryHub, message, type MemoryHub } from '../../../support/memory-hub.ts';
import { type } from '../../support/memory-rooms.ts';

function telling(): MemoryHub {
  const hub = memoryHub();
  hub.onRead = async function* (request) {
    const isMessages = request.sources?.includes('deviceMessageEvents') === true;
    yield batch(
      isMessages
        ? [
            message(
              'truck-1',
              0,
              { sequenceNumber: 7, messageId: 'm-1', ack: 'full', deliveryCount: 1 },
              { source: 'deviceMessageEvents', properties: { opType: 'messageReturned' } },
            ),
          ]
        : [
            message(
              'truck-1',
              0,
              {},
              { source: 'deviceConnectionStateEvents', properties: { opType: 'deviceConnected' } },
            ),
            message(
              'truck-1',
              1,
              { version: 3, tags: { site: 'a b' }, properties: { desired: { rate: 2, $version: 3, $metadata: {} } } },
              { moduleId: 'camera', source: 'twinChangeEvents', properties: { opType: 'updateTwin' } },
            ),
          ],
    );
  };
  return hub;
}

describe('tail events', () => {
  test('at a terminal it is a readable line for each event', async () => {
    const { stdout, code } = await type(telling(), ['tail', 'events', '--no-color'], { isTTY: true, columns: 120 });
    expect([code, stdout.split('\n')]).toEqual([
      0,
      [
        '00:00:00.000Z  truck-1  connected',
        '00:00:01.000Z  truck-1/camera  twin-changed  tags.site="a b" desired.rate=2',
        '',
      ],
    ]);
  });

  test('on a pipe it is NDJSON, with all that the hub said', async () => {
    const { stdout } = await type(telling(), ['tail', 'events', '--type', 'twin']);
    expect(JSON.parse(stdout)).toMatchObject({
      deviceId: 'truck-1',
      moduleId: 'camera',
      event: 'twin-changed',
      source: 'twinChangeEvents',
      details: { version: 3, tags: { site: 'a b' } },
    });
  });

  test('a span that is none and a type that is none are usage errors', async () => {
    expect((await type(telling(), ['tail', 'events', '--since', '1m', '--until', '2m'])).code).toBe(2);
    expect((await type(telling(), ['tail', 'events', '--type', 'gossip'])).code).toBe(2);
  });
});

describe('tail messages', () => {
  test('names the message, its acknowledgement and how often it came back', async () => {
    const { stdout } = await type(telling(), ['tail', 'messages', '-o', 'lines']);
    expect(stdout).toMatch(/truck-1 +returned +message=m-1 ack=full returned=1\n$/);
  });
});

const record: FeedbackRecord = {
  originalMessageId: 'm-1',
  deviceId: 'truck-1',
  deviceGenerationId: '1',
  statusCode: 'Rejected',
  description: 'Rejected',
  enqueuedTimeUtc: '2026-01-01T00:00:00.0000000Z',
};

async function* feedback() {
  yield [record];
}

function feeding(): MemoryHub {
  const hub = memoryHub();
  return { ...hub, channel: { ...hub.channel, feedback } };
}

describe('tail feedback', () => {
  test('a record is a line, or an object with the names of the wire', async () => {
    const words = ['tail', 'feedback', '--count', '1'];
    expect((await type(feeding(), [...words, '-o', 'lines'])).stdout).toMatch(/truck-1 +Rejected +m-1\n$/);
    expect(JSON.parse((await type(feeding(), words)).stdout)).toEqual(record);
  });
});
