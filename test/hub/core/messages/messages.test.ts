import { describe, expect, test } from 'vitest';
import type { LockedMessage } from '../../../../src/hub/core/messages/service.ts';
import { bodyOf, openMessages, text, type MessageFixture } from './message-fixture.ts';

const minute = 60_000;
const hour = 60 * minute;

async function take(fixture: MessageFixture, lockMs?: number): Promise<LockedMessage> {
  const message = await fixture.messages.receive('d1', { lockMs });
  if (message === undefined) throw new Error('the queue has nothing to give');
  return message;
}

describe('the queue of a device (device.md §8)', () => {
  test('when messages are sent, then they are received in order, each with everything its sender gave it', async () => {
    const fixture = await openMessages();
    const sent = text('one', {
      messageId: 'm1',
      correlationId: 'c1',
      userId: 'u1',
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      ack: 'full',
      properties: { colour: 'red', __proto__x: 'y' },
    });
    const queued = await fixture.messages.send('d1', sent);
    await fixture.messages.send('d1', text('two'));
    const first = await take(fixture);
    expect(first).toMatchObject({ ...sent, sequenceNumber: 1, deliveryCount: 0, redelivered: false });
    expect(first).toMatchObject({ to: '/devices/d1/messages/devicebound', expiresAt: fixture.clock.now() + hour });
    expect(queued).toMatchObject({ sequenceNumber: 1, enqueuedTime: fixture.clock.now() });
    expect(bodyOf(await take(fixture))).toBe('two');
    expect(await fixture.messages.receive('d1', {})).toBeUndefined();
  });

  test('when a property is named like the machinery of an object, then it arrives as any other', async () => {
    const fixture = await openMessages();
    const properties = JSON.parse('{"__proto__":"a","constructor":"b"}') as Record<string, string>;
    await fixture.messages.send('d1', text('x', { properties }));
    expect(Object.entries((await take(fixture)).properties)).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]);
  });

  test('when 50 messages are queued, locked ones among them, then the next is refused', async () => {
    const fixture = await openMessages();
    for (let index = 0; index < 50; index++) await fixture.messages.send('d1', text(String(index)));
    const { lockToken } = await take(fixture);
    await expect(fixture.messages.send('d1', text('more'))).rejects.toMatchObject({
      symbol: 'DeviceMaximumQueueDepthExceeded',
    });
    await fixture.messages.settle('d1', lockToken, 'complete');
    await fixture.messages.send('d1', text('more'));
    expect(fixture.messages.count('d1')).toBe(50);
  });

  test('when messages are sent at once, then they keep their order and share a write', async () => {
    const fixture = await openMessages();
    const sent = await Promise.all([...Array(60).keys()].map((index) => settled(fixture, String(index))));
    expect(sent.filter(Boolean)).toHaveLength(50);
    expect((await fixture.messages.peek('d1', 50)).map((message) => bodyOf(message))).toEqual(
      [...Array(50).keys()].map(String),
    );
    expect(fixture.documents.writes).toHaveLength(1);
  });

  test('when the device does not exist, then nothing is queued', async () => {
    const fixture = await openMessages();
    await expect(fixture.messages.send('d2', text('x'))).rejects.toMatchObject({ symbol: 'DeviceNotFound' });
    await expect(fixture.messages.purge('d2')).rejects.toMatchObject({ symbol: 'DeviceNotFound' });
    expect(fixture.documents.writes).toHaveLength(0);
  });

  test('when the disk takes nothing, then the sender hears it and the message is not delivered', async () => {
    const fixture = await openMessages();
    fixture.documents.error = new Error('disk full');
    await expect(fixture.messages.send('d1', text('x'))).rejects.toThrow('disk full');
    fixture.documents.error = undefined;
    expect(await fixture.messages.receive('d1', {})).toBeUndefined();
    expect(fixture.messages.count('d1')).toBe(0);
  });

  test('when a settlement cannot be stored, then the message stays locked and can be settled again', async () => {
    const fixture = await openMessages();
    await fixture.messages.send('d1', text('x'));
    const { lockToken } = await take(fixture);
    fixture.documents.error = new Error('disk full');
    await expect(fixture.messages.settle('d1', lockToken, 'complete')).rejects.toThrow('disk full');
    fixture.documents.error = undefined;
    await fixture.messages.settle('d1', lockToken, 'complete');
    expect(fixture.messages.count('d1')).toBe(0);
  });

  test('when nothing can be stored, then a message can be received and given back all the same', async () => {
    const fixture = await openMessages();
    await fixture.messages.send('d1', text('x'));
    fixture.documents.error = new Error('disk full');
    const [message] = await Promise.allSettled([take(fixture), fixture.messages.send('d1', text('y'))]);
    if (message.status === 'rejected') throw new Error('not received');
    await fixture.messages.settle('d1', message.value.lockToken, 'release');
    expect(await take(fixture)).toMatchObject({ redelivered: true });
  });

  test('when a subscriber waits, then it is woken by a message, by an abandon and by a lost lock, and not after it left', async () => {
    const fixture = await openMessages();
    let woken = 0;
    const leave = fixture.messages.subscribe('d1', () => woken++);
    await fixture.messages.send('d1', text('x'));
    expect(woken).toBe(1);
    await fixture.messages.settle('d1', (await take(fixture)).lockToken, 'abandon');
    expect(woken).toBe(2);
    await take(fixture, minute);
    await fixture.clock.advance(minute);
    expect(woken).toBe(3);
    leave();
    await fixture.messages.send('d1', text('y'));
    expect(woken).toBe(3);
  });
});

async function settled(fixture: MessageFixture, body: string): Promise<boolean> {
  return fixture.messages.send('d1', text(body)).then(
    () => true,
    () => false,
  );
}

describe('what becomes of a message (device.md §8)', () => {
  test('when it is abandoned, then it comes first again with its delivery counted', async () => {
    const fixture = await openMessages();
    await fixture.messages.send('d1', text('one'));
    await fixture.messages.send('d1', text('two'));
    await fixture.messages.settle('d1', (await take(fixture)).lockToken, 'abandon');
    const again = await take(fixture);
    expect(again).toMatchObject({ sequenceNumber: 1, deliveryCount: 1, redelivered: true });
  });

  test('when its lock is lost or given back, then the delivery is not counted and the old lock is worth nothing', async () => {
    const fixture = await openMessages();
    await fixture.messages.send('d1', text('x'));
    const first = await take(fixture, minute);
    await fixture.clock.advance(minute - 1);
    expect(await fixture.messages.receive('d1', {})).toBeUndefined();
    await fixture.clock.advance(1);
    await expect(fixture.messages.settle('d1', first.lockToken, 'complete')).rejects.toMatchObject({
      symbol: 'DeviceMessageLockLost',
    });
    const second = await take(fixture);
    expect(second).toMatchObject({ deliveryCount: 0, redelivered: true });
    await fixture.messages.settle('d1', second.lockToken, 'release');
    expect(await take(fixture)).toMatchObject({ deliveryCount: 0, redelivered: true });
  });

  test('when it is received without a time, then it stays locked', async () => {
    const fixture = await openMessages();
    await fixture.messages.send('d1', text('x'));
    await take(fixture);
    await fixture.clock.advance(59 * minute);
    expect(await fixture.messages.receive('d1', {})).toBeUndefined();
  });

  test('when it is abandoned ten times, then it is a dead letter', async () => {
    const fixture = await openMessages();
    await fixture.messages.send('d1', text('x', { ack: 'negative', messageId: 'm1' }));
    for (let round = 0; round < 10; round++)
      await fixture.messages.settle('d1', (await take(fixture)).lockToken, 'abandon');
    expect(fixture.messages.count('d1')).toBe(0);
    expect(await fixture.messages.deadLetters('d1', 10)).toMatchObject([
      { sequenceNumber: 1, deliveryCount: 10, reason: 'DeliveryCountExceeded', messageId: 'm1' },
    ]);
    await fixture.clock.advance(15_000);
    expect(await fixture.takeFeedback()).toMatchObject([{ statusCode: 'DeliveryCountExceeded' }]);
  });

  test('when it is rejected, then it is a dead letter at once', async () => {
    const fixture = await openMessages();
    await fixture.messages.send('d1', text('x'));
    await fixture.messages.settle('d1', (await take(fixture)).lockToken, 'reject');
    expect(await fixture.messages.deadLetters('d1', 10)).toMatchObject([
      { reason: 'Rejected', deadLetteredTime: fixture.clock.now() },
    ]);
  });

  test.each([false, true])('when its time has come (locked: %s), then it is a dead letter', async (locked) => {
    const fixture = await openMessages();
    await fixture.messages.send('d1', text('x', { expiresAt: fixture.clock.now() + minute }));
    await fixture.messages.send('d1', text('default'));
    const token = locked ? (await take(fixture)).lockToken : '';
    await fixture.clock.advance(minute);
    expect(fixture.messages.count('d1')).toBe(1);
    expect(await fixture.messages.deadLetters('d1', 10)).toMatchObject([{ reason: 'Expired' }]);
    if (locked) await expect(fixture.messages.settle('d1', token, 'complete')).rejects.toThrow('lock');
    await fixture.clock.advance(hour);
    expect(await fixture.messages.deadLetters('d1', 10)).toHaveLength(2);
  });

  test('when it had expired before it was sent, then nobody receives it and its sender hears so', async () => {
    const fixture = await openMessages();
    await fixture.messages.send('d1', text('x', { expiresAt: fixture.clock.now() - 1, ack: 'full', messageId: 'm1' }));
    expect(await fixture.messages.receive('d1', {})).toBeUndefined();
    await fixture.clock.advance(15_000);
    expect(await fixture.takeFeedback()).toMatchObject([{ originalMessageId: 'm1', statusCode: 'Expired' }]);
  });

  test('when an expired message cannot be taken out, then it is tried again', async () => {
    const fixture = await openMessages();
    await fixture.messages.send('d1', text('x'));
    fixture.documents.error = new Error('disk full');
    await fixture.clock.advance(hour);
    expect(fixture.errors).toHaveLength(1);
    fixture.documents.error = undefined;
    await fixture.clock.advance(5_000);
    expect(fixture.messages.count('d1')).toBe(0);
  });

  test('when there are more than 50 dead letters, then the oldest go', async () => {
    const fixture = await openMessages();
    for (let index = 0; index < 60; index++) {
      await fixture.messages.send('d1', text(String(index)));
      await fixture.messages.settle('d1', (await take(fixture)).lockToken, 'reject');
    }
    const dead = await fixture.messages.deadLetters('d1', 100);
    expect(dead.map((letter) => bodyOf(letter))).toEqual([...Array(50).keys()].map((index) => String(index + 10)));
    expect(fixture.documents.ids('message-contents')).toHaveLength(50);
  });

  test('when dead letters are requeued, then they are new messages at the end of the queue', async () => {
    const fixture = await openMessages();
    for (const body of ['one', 'two', 'three']) await fixture.messages.send('d1', text(body));
    await fixture.messages.settle('d1', (await take(fixture)).lockToken, 'reject');
    await fixture.messages.settle('d1', (await take(fixture)).lockToken, 'reject');
    expect(await fixture.messages.requeue('d1', [2, 77])).toBe(1);
    expect(bodyOf(await take(fixture))).toBe('three');
    const back = await take(fixture);
    expect(back).toMatchObject({ sequenceNumber: 4, deliveryCount: 0, redelivered: false });
    expect(bodyOf(back)).toBe('two');
    expect(await fixture.messages.requeue('d1')).toBe(1);
    expect(await fixture.messages.deadLetters('d1', 10)).toEqual([]);
    expect(fixture.documents.ids('message-contents')).toHaveLength(3);
  });

  test('when the queue has no room for all dead letters, then as many as fit are requeued', async () => {
    const fixture = await openMessages();
    for (let index = 0; index < 3; index++) await fixture.messages.send('d1', text('dead'));
    for (let index = 0; index < 3; index++)
      await fixture.messages.settle('d1', (await take(fixture)).lockToken, 'reject');
    for (let index = 0; index < 48; index++) await fixture.messages.send('d1', text('x'));
    expect(await fixture.messages.requeue('d1')).toBe(2);
    expect(await fixture.messages.deadLetters('d1', 10)).toHaveLength(1);
  });
});

describe('purge and deletion', () => {
  test('when the queue is purged, then it is empty, dead letters too, and senders that asked hear it', async () => {
    const fixture = await openMessages();
    await fixture.messages.send('d1', text('dead'));
    await fixture.messages.settle('d1', (await take(fixture)).lockToken, 'reject');
    await fixture.messages.send('d1', text('locked', { ack: 'full', messageId: 'm1' }));
    await fixture.messages.send('d1', text('waiting', { ack: 'negative', messageId: 'm2' }));
    await fixture.messages.send('d1', text('quiet', { ack: 'positive', messageId: 'm3' }));
    await take(fixture);
    expect(await fixture.messages.purge('d1')).toBe(3);
    expect(fixture.messages.count('d1')).toBe(0);
    expect(await fixture.messages.deadLetters('d1', 10)).toEqual([]);
    expect(fixture.documents.ids('message-contents')).toEqual([]);
    await fixture.clock.advance(15_000);
    expect(await fixture.takeFeedback()).toMatchObject([
      { originalMessageId: 'm1', statusCode: 'Purged' },
      { originalMessageId: 'm2', statusCode: 'Purged' },
    ]);
    expect(await fixture.messages.purge('d1')).toBe(0);
  });

  test('when a message is sent and purged in one breath, then nothing of it is left on disk', async () => {
    const fixture = await openMessages();
    const [, purged] = await Promise.all([fixture.messages.send('d1', text('x')), fixture.messages.purge('d1')]);
    expect(fixture.messages.count('d1')).toBe(1 - purged);
    expect(fixture.documents.ids('message-contents')).toHaveLength(1 - purged);
    expect(fixture.documents.ids('message-headers')).toHaveLength(1 - purged);
  });

  test('when the device is deleted, then nothing of it is kept and nobody is told', async () => {
    const fixture = await openMessages();
    await fixture.messages.send('d1', text('x', { ack: 'full' }));
    await fixture.messages.forget('d1');
    expect(fixture.messages.count('d1')).toBe(0);
    for (const collection of ['message-headers', 'message-contents', 'message-counters', 'feedback-records'])
      expect(fixture.documents.ids(collection)).toEqual([]);
  });

  test('when a device with modules is deleted, then the queues of its modules go with it and no others', async () => {
    const fixture = await openMessages(['d1', 'd1/m1', 'd1/m2', 'd10', 'd10/m1']);
    for (const identity of fixture.identities.keys()) await fixture.messages.send(identity, text('x'));
    const emptied = await fixture.messages.receive('d1/m2', {});
    await fixture.messages.settle('d1/m2', emptied!.lockToken, 'complete');
    for (const identity of ['d1', 'd1/m1', 'd1/m2']) fixture.identities.delete(identity);
    await fixture.messages.forget('d1');
    expect(fixture.documents.ids('message-counters')).toEqual(['d10', 'd10/m1']);
    expect(fixture.documents.ids('message-contents')).toHaveLength(2);
    expect(fixture.messages.count('d1/m1')).toBe(0);
    expect(fixture.messages.count('d10/m1')).toBe(1);
  });

  test('when the hub stopped between a deletion and the drop of the queue, then the next run drops it', async () => {
    const fixture = await openMessages(['d1', 'd2']);
    await fixture.messages.send('d1', text('x', { ack: 'full' }));
    await fixture.messages.send('d2', text('y'));
    fixture.identities.delete('d1');
    fixture.identities.set('d2', 'another generation');
    await fixture.restart();
    expect(fixture.documents.ids('message-headers')).toEqual([]);
    expect(fixture.documents.ids('message-contents')).toEqual([]);
    expect(fixture.documents.ids('feedback-records')).toEqual([]);
  });
});

describe('after a restart', () => {
  test('then queues, counts, sequence numbers and dead letters are as they were, and locks are gone', async () => {
    const fixture = await openMessages();
    for (const body of ['one', 'two', 'three']) await fixture.messages.send('d1', text(body));
    await fixture.messages.settle('d1', (await take(fixture)).lockToken, 'abandon');
    await fixture.messages.settle('d1', (await take(fixture)).lockToken, 'reject');
    await take(fixture, minute);
    await fixture.restart();
    expect(fixture.messages.count('d1')).toBe(2);
    expect(await fixture.messages.deadLetters('d1', 10)).toMatchObject([{ sequenceNumber: 1, deliveryCount: 1 }]);
    expect(bodyOf(await take(fixture))).toBe('two');
    expect(bodyOf(await take(fixture))).toBe('three');
    expect(await fixture.messages.send('d1', text('four'))).toMatchObject({ sequenceNumber: 4 });
  });

  test('then an empty queue goes on with its sequence numbers', async () => {
    const fixture = await openMessages();
    await fixture.messages.send('d1', text('one'));
    await fixture.messages.settle('d1', (await take(fixture)).lockToken, 'complete');
    await fixture.restart();
    expect(await fixture.messages.send('d1', text('two'))).toMatchObject({ sequenceNumber: 2 });
  });

  test('then messages that expired meanwhile are dead letters', async () => {
    const fixture = await openMessages();
    await fixture.messages.send('d1', text('one'));
    await fixture.clock.advance(hour - 1);
    await fixture.restart();
    await fixture.clock.advance(1);
    expect(await fixture.messages.deadLetters('d1', 10)).toMatchObject([{ reason: 'Expired' }]);
  });
});

describe('what is damaged on disk', () => {
  test('when a message cannot be read, then the hub starts without it and says so', async () => {
    const fixture = await openMessages();
    await fixture.messages.send('d1', text('x'));
    const damaged = {
      kind: 'put',
      collection: 'message-headers',
      id: 'd1//0000000000000000',
      value: { a: 1 },
    } as const;
    await fixture.documents.write([damaged]);
    await fixture.restart();
    expect(fixture.messages.count('d1')).toBe(1);
    expect(String(fixture.errors[0])).toContain('d1//0000000000000000');
  });

  test('when the content of a message is gone or none, then the next one is given', async () => {
    const fixture = await openMessages();
    for (const body of ['gone', 'none', 'whole']) await fixture.messages.send('d1', text(body));
    const [gone = '', none = ''] = fixture.documents.ids('message-contents');
    await fixture.documents.write([
      { kind: 'delete', collection: 'message-contents', id: gone },
      { kind: 'put', collection: 'message-contents', id: none, value: { to: 7 } },
    ]);
    expect(bodyOf(await take(fixture))).toBe('whole');
    expect(fixture.messages.count('d1')).toBe(1);
  });
});

describe('what may be sent', () => {
  test.each([
    ['more than 64 KiB', text('x'.repeat(65_537)), 'MessageTooLarge'],
    ['properties that make it too large', text('x', { properties: { a: 'x'.repeat(65_536) } }), 'MessageTooLarge'],
    ['a message id with a space', text('x', { messageId: 'a b' }), 'ArgumentInvalid'],
    ['a long message id', text('x', { messageId: 'a'.repeat(129) }), 'ArgumentInvalid'],
    ['a line break in a property', text('x', { properties: { a: 'b\r\nc: d' } }), 'ArgumentInvalid'],
    ['a property without a name', text('x', { properties: { '': 'b' } }), 'ArgumentInvalid'],
    ['a control character in a content type', text('x', { contentType: 'a\u0007' }), 'ArgumentInvalid'],
    ['an expiry after two days', text('x', { expiresAt: Date.UTC(2026, 0, 3) + 1 }), 'InvalidMessageExpiryTime'],
    ['an expiry that is no time', text('x', { expiresAt: Number.NaN }), 'InvalidMessageExpiryTime'],
  ])('when it has %s, then it is refused', async (_what, message, symbol) => {
    const fixture = await openMessages();
    await expect(fixture.messages.send('d1', message)).rejects.toMatchObject({ symbol });
    expect(fixture.messages.count('d1')).toBe(0);
  });

  test('when it has exactly 64 KiB or two days, then it is taken', async () => {
    const fixture = await openMessages();
    await fixture.messages.send('d1', text('x'.repeat(65_536), { expiresAt: Date.UTC(2026, 0, 3) }));
    expect(fixture.messages.count('d1')).toBe(1);
  });
});
