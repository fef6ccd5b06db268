import type { ReceivedEventData } from '@azure/event-hubs';
import { describe, expect, it } from 'vitest';
import { messageOfEvent } from '../../../src/client/event-hubs/event-message.ts';

function event(more: Partial<ReceivedEventData> = {}): ReceivedEventData {
  return {
    body: Buffer.from('{"n":1}'),
    enqueuedTimeUtc: new Date(1_700_000_000_000),
    offset: '41',
    sequenceNumber: 41,
    partitionKey: 'truck-1',
    systemProperties: { 'iothub-connection-device-id': 'truck-1', 'iothub-message-source': 'Telemetry' },
    getRawAmqpMessage: () => ({ body: undefined }),
    ...more,
  };
}

describe('an event as a message', () => {
  it('when an id is a UUID, then it is its text', () => {
    const messageId = Buffer.from('0f8fad5bd9cb469fa16570867728950e', 'hex');
    expect(messageOfEvent(event({ messageId }), 0)?.system).toEqual({
      'message-id': '0f8fad5b-d9cb-469f-a165-70867728950e',
    });
  });

  it('when a device sent it, then everything stands where the hub itself would put it', () => {
    const message = messageOfEvent(
      event({
        messageId: 'm-1',
        correlationId: 'c-1',
        contentType: 'application/json',
        properties: { alert: 'true', count: 3, 'iothub-message-schema': 's' },
        systemProperties: {
          'iothub-connection-device-id': 'truck-1',
          'iothub-connection-module-id': 'camera',
          'iothub-message-source': 'Telemetry',
          'dt-subject': 'engine',
          contentEncoding: 'utf-8',
        },
      }),
      2,
    );
    expect(message).toEqual({
      deviceId: 'truck-1',
      moduleId: 'camera',
      partition: 2,
      sequenceNumber: 41,
      enqueuedTime: '2023-11-14T22:13:20.000Z',
      system: {
        'message-id': 'm-1',
        'correlation-id': 'c-1',
        'content-type': 'application/json',
        'content-encoding': 'utf-8',
        'dt-subject': 'engine',
        'iothub-message-schema': 's',
      },
      properties: { alert: 'true', count: '3' },
      body: Buffer.from('{"n":1}'),
    });
  });

  it('when the hub told it, then it has its source; one that nobody knows is left out', () => {
    const told = event({ systemProperties: { 'iothub-message-source': 'twinChangeEvents' } });
    expect(messageOfEvent(told, 0)).toMatchObject({ deviceId: 'truck-1', source: 'twinChangeEvents' });
    expect(messageOfEvent(event({ systemProperties: { 'iothub-message-source': 'other' } }), 0)).toBeUndefined();
  });

  it('when it was written into the endpoint by something else, then it is telemetry of its key, its body as text', () => {
    const { systemProperties: _, ...bare } = event({ body: { n: 1 }, partitionKey: null });
    const message = messageOfEvent(bare, 0);
    expect(message).toMatchObject({ deviceId: '', system: {}, properties: {} });
    expect(Buffer.from(message?.body ?? []).toString('utf8')).toBe('{"n":1}');
  });
});
