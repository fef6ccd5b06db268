import { describe, expect, it } from 'vitest';
import type { PartitionState, Sender, StoredMessage } from '../../../../src/hub/core/ports.ts';
import { encodeBag } from '../../../../src/protocol/mqtt/index.ts';
import { AmqpUuid, int, long, strings } from '../../../../src/hub/amqp/codec/values.ts';
import { eventMessage } from '../../../../src/hub/amqp/event-hubs/event-message.ts';
import { answerManagement } from '../../../../src/hub/amqp/event-hubs/management.ts';

const sender: Sender = {
  deviceId: 'truck-1',
  moduleId: '',
  generationId: '638000000000000000',
  auth: { scope: 'device', type: 'sas', issuer: 'iothub' },
  modelId: 'dtmi:example:truck;1',
  source: 'Telemetry',
};

function stored(more: Partial<StoredMessage> = {}): StoredMessage {
  return {
    sender,
    partition: 2,
    sequenceNumber: 41,
    enqueuedTime: 1_700_000_000_123,
    bag: '',
    body: Buffer.from('{}'),
    ...more,
  };
}

describe('an event (service.md §9.7)', () => {
  it('when ids came as UUIDs, then they go out as UUIDs, and text stays text', () => {
    const id = '0f8fad5b-d9cb-469f-a165-70867728950e';
    const system = { 'message-id': id, 'correlation-id': id };
    const bag = encodeBag({ system, properties: {} }, new Set(['message-id']));
    expect(eventMessage(stored({ bag })).properties).toMatchObject({ messageId: new AmqpUuid(id), correlationId: id });
    const forged = '%24.mid-uuid=not-a-uuid';
    expect(eventMessage(stored({ bag: forged })).properties).toMatchObject({ messageId: 'not-a-uuid' });
  });

  it('when a device sent it, then its annotations say who, when and where', () => {
    const { annotations, body } = eventMessage(stored());
    expect(Object.fromEntries(annotations ?? [])).toEqual({
      'x-opt-sequence-number': long(41),
      'x-opt-offset': '41',
      'x-opt-enqueued-time': new Date(1_700_000_000_123),
      'x-opt-partition-key': 'truck-1',
      'iothub-connection-device-id': 'truck-1',
      'iothub-connection-auth-method': '{"scope":"device","type":"sas","issuer":"iothub","acceptingIpFilterRule":null}',
      'iothub-connection-auth-generation-id': '638000000000000000',
      'iothub-enqueuedtime': new Date(1_700_000_000_123),
      'iothub-message-source': 'Telemetry',
      'dt-dataschema': 'dtmi:example:truck;1',
    });
    expect(body).toEqual(Buffer.from('{}'));
  });

  it('when a module sent it, then that is said too', () => {
    const annotations = eventMessage(stored({ sender: { ...sender, moduleId: 'camera' } })).annotations;
    expect(annotations?.get('iothub-connection-module-id')).toBe('camera');
  });

  it('when the hub tells an event, then it has a source and no proof of a connection', () => {
    const { annotations } = eventMessage(stored({ sender: { ...sender, source: 'twinChangeEvents' } }));
    expect(annotations?.get('iothub-message-source')).toBe('twinChangeEvents');
    expect(annotations?.has('iothub-connection-auth-method')).toBe(false);
  });

  it('when the device set properties, then each stands in its section', () => {
    const bag =
      '%24.mid=m1&%24.cid=c1&%24.uid=someone&%24.ct=application%2Fjson&%24.ce=utf-8&%24.exp=2026-01-02T03%3A04%3A05.000Z&%24.sub=engine&alert=true';
    const { properties, applicationProperties, annotations } = eventMessage(stored({ bag }));
    expect(properties).toEqual({
      messageId: 'm1',
      correlationId: 'c1',
      userId: Buffer.from('someone'),
      to: undefined,
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      expiresAt: Date.parse('2026-01-02T03:04:05.000Z'),
    });
    expect([...(applicationProperties ?? [])]).toEqual([['alert', 'true']]);
    expect(annotations?.get('dt-subject')).toBe('engine');
  });

  it('when an expiry is no time, then it is left out', () => {
    expect(eventMessage(stored({ bag: '%24.exp=soon' })).properties?.expiresAt).toBeUndefined();
  });
});

describe('answers of $management (service.md §9.5)', () => {
  const states: readonly PartitionState[] = [
    { first: 0, next: 0, lastTime: undefined },
    { first: 3, next: 10, lastTime: 1_700_000_000_000 },
    { first: 10, next: 10, lastTime: undefined },
  ];
  const facts = { entities: ['hub'], createdAt: 1_000, partitions: () => Promise.resolve(states) };

  async function ask(question: Record<string, string>): ReturnType<typeof answerManagement> {
    return answerManagement(
      {
        annotations: new Map(),
        properties: { messageId: 'id-1', replyTo: 'reply' },
        applicationProperties: new Map(Object.entries({ operation: 'READ', ...question })),
        data: [],
        value: undefined,
      },
      facts,
    );
  }

  it('when the hub is asked for, then it tells its partitions, in the types the SDKs take', async () => {
    const answer = await ask({ type: 'com.microsoft:eventhub', name: 'Hub' });
    expect(answer.properties).toEqual({ to: 'reply', correlationId: 'id-1' });
    expect(answer.applicationProperties?.get('status-code')).toEqual(int(200));
    expect([...(answer.value as ReadonlyMap<string, unknown>)]).toEqual([
      ['name', 'Hub'],
      ['type', 'com.microsoft:eventhub'],
      ['created_at', new Date(1_000)],
      ['partition_count', int(3)],
      ['partition_ids', strings(['0', '1', '2'])],
    ]);
  });

  it.each([
    ['0', { begin: -1, last: -1, offset: '-1', time: 0, empty: true }],
    ['1', { begin: 3, last: 9, offset: '9', time: 1_700_000_000_000, empty: false }],
    ['2', { begin: 10, last: 9, offset: '9', time: 0, empty: true }],
  ])('when partition %s is asked for, then it says how far it has come', async (partition, expected) => {
    const { value } = await ask({ type: 'com.microsoft:partition', name: 'hub', partition });
    expect([...(value as ReadonlyMap<string, unknown>)].slice(2)).toEqual([
      ['partition', partition],
      ['begin_sequence_number', long(expected.begin)],
      ['last_enqueued_sequence_number', long(expected.last)],
      ['last_enqueued_offset', expected.offset],
      ['last_enqueued_time_utc', new Date(expected.time)],
      ['is_partition_empty', expected.empty],
    ]);
  });

  it.each([
    [{ type: 'com.microsoft:eventhub', name: 'other' }, 404, 'amqp:not-found'],
    [{ type: 'com.microsoft:partition', name: 'hub', partition: '3' }, 400, 'com.microsoft:argument-out-of-range'],
    [{ type: 'com.microsoft:partition', name: 'hub', partition: '01' }, 400, 'com.microsoft:argument-out-of-range'],
    [{ type: 'com.microsoft:partition', name: 'hub' }, 400, 'com.microsoft:argument-out-of-range'],
    [{ type: 'com.microsoft:other', name: 'hub' }, 400, 'amqp:not-implemented'],
    [{ operation: 'DELETE', type: 'com.microsoft:eventhub', name: 'hub' }, 400, 'amqp:not-implemented'],
  ])('when %o is asked for, then the answer is %i %s', async (question, status, condition) => {
    const { applicationProperties } = await ask(question);
    expect(applicationProperties?.get('status-code')).toEqual(int(status));
    expect(applicationProperties?.get('error-condition')).toBe(condition);
  });
});
