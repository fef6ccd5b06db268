import { describe, expect, test } from 'vitest';
import { bodyOf, openMessages, text, type MessageFixture } from './message-fixture.ts';

const batchTime = 15_000;
const minute = 60_000;

async function complete(fixture: MessageFixture, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    await fixture.messages.send('d1', text('x', { ack: 'positive', messageId: `m${index}` }));
    const message = await fixture.messages.receive('d1', {});
    await fixture.messages.settle('d1', message!.lockToken, 'complete');
  }
}

describe('feedback (service.md §8.4)', () => {
  test.each([
    ['none', 'complete', []],
    ['none', 'reject', []],
    ['positive', 'complete', ['Success']],
    ['positive', 'reject', []],
    ['negative', 'complete', []],
    ['negative', 'reject', ['Rejected']],
    ['full', 'complete', ['Success']],
    ['full', 'reject', ['Rejected']],
  ] as const)('when %s is asked and the device does %s, then the sender hears %j', async (ack, settlement, heard) => {
    const fixture = await openMessages(['d1', 'd1/m1']);
    await fixture.messages.send('d1/m1', text('x', { ack, messageId: 'id' }));
    const message = await fixture.messages.receive('d1/m1', {});
    await fixture.messages.settle('d1/m1', message!.lockToken, settlement);
    await fixture.clock.advance(batchTime);
    expect(await fixture.takeFeedback()).toEqual(
      heard.map((statusCode) => ({
        originalMessageId: 'id',
        enqueuedTimeUtc: '2026-01-01T00:00:00.0000000Z',
        statusCode,
        description: statusCode,
        deviceId: 'd1',
        deviceGenerationId: 'generation of d1/m1',
      })),
    );
  });

  test.each([undefined, ''])('when a message has no id (%j), then its record says null', async (messageId) => {
    const fixture = await openMessages();
    await fixture.messages.send('d1', text('x', { ack: 'full', messageId }));
    await fixture.messages.purge('d1');
    await fixture.clock.advance(batchTime);
    expect(await fixture.takeFeedback()).toMatchObject([{ originalMessageId: null }]);
  });

  test('when less than 64 records wait, then they are one message 15 seconds after the first', async () => {
    const fixture = await openMessages();
    await complete(fixture, 3);
    await fixture.clock.advance(batchTime - 1);
    expect(await fixture.feedback.receive()).toBeUndefined();
    await fixture.clock.advance(1);
    const delivery = await fixture.feedback.receive();
    expect(delivery).toMatchObject({
      contentType: 'application/vnd.microsoft.iothub.feedback.json',
      sequenceNumber: 1,
      deliveryCount: 0,
    });
    expect(JSON.parse(bodyOf(delivery) ?? '')).toHaveLength(3);
    expect(await fixture.feedback.receive()).toBeUndefined();
  });

  test('when 64 records wait, then they are told at once and the rest waits for its own time', async () => {
    const fixture = await openMessages();
    await complete(fixture, 64);
    await fixture.clock.advance(0);
    expect(JSON.parse(bodyOf(await fixture.feedback.receive()) ?? '')).toHaveLength(64);
    await complete(fixture, 1);
    await fixture.clock.advance(batchTime - 1);
    expect(await fixture.feedback.receive()).toBeUndefined();
    await fixture.clock.advance(1);
    expect(JSON.parse(bodyOf(await fixture.feedback.receive()) ?? '')).toHaveLength(1);
  });

  test('when the hub stops before a batch is made, then the next run makes it', async () => {
    const fixture = await openMessages();
    await complete(fixture, 2);
    await fixture.restart();
    await complete(fixture, 1);
    await fixture.clock.advance(batchTime);
    const records = await fixture.takeFeedback();
    // The run before this one still has its timer here, as a process that ended would not.
    expect(new Set(records.map(({ originalMessageId }) => originalMessageId))).toEqual(new Set(['m0', 'm1']));
    expect(fixture.documents.ids('feedback-records')).toEqual([]);
  });

  test('when a batch cannot be stored, then it is told later', async () => {
    const fixture = await openMessages();
    await complete(fixture, 1);
    fixture.documents.error = new Error('disk full');
    await fixture.clock.advance(batchTime);
    expect(fixture.errors).toHaveLength(1);
    fixture.documents.error = undefined;
    await fixture.clock.advance(5_000);
    expect(await fixture.takeFeedback()).toHaveLength(1);
  });
});

describe('the queues of the back end (service.md §8.4, §8.5)', () => {
  test('when a record is completed or rejected, then it is gone', async () => {
    const { feedback, documents } = await openMessages();
    await feedback.put('a/b', Buffer.from('one'));
    await feedback.put('a/b', Buffer.from('two'));
    await feedback.settle((await feedback.receive())!.lockToken, 'complete');
    await feedback.settle((await feedback.receive())!.lockToken, 'reject');
    expect(await feedback.receive()).toBeUndefined();
    expect(documents.ids('feedback-headers')).toEqual([]);
    expect(documents.ids('feedback-contents')).toEqual([]);
  });

  test('when a record is abandoned ten times, then it is dropped', async () => {
    const { feedback } = await openMessages();
    await feedback.put('a/b', Buffer.from('one'));
    for (let round = 0; round < 10; round++) {
      const delivery = await feedback.receive();
      expect(delivery).toMatchObject({ deliveryCount: round });
      await feedback.settle(delivery!.lockToken, 'abandon');
    }
    expect(await feedback.receive()).toBeUndefined();
  });

  test('when a lock is older than 60 seconds, then the record is given to the next reader', async () => {
    const { feedback, clock } = await openMessages();
    let woken = 0;
    feedback.subscribe(() => woken++);
    await feedback.put('a/b', Buffer.from('one'));
    const first = await feedback.receive();
    await clock.advance(minute);
    expect(woken).toBe(2);
    await expect(feedback.settle(first!.lockToken, 'complete')).rejects.toMatchObject({
      symbol: 'DeviceMessageLockLost',
    });
    expect(bodyOf(await feedback.receive())).toBe('one');
  });

  test('when nobody reads a record for an hour, then it is dropped', async () => {
    const { feedback, clock, documents } = await openMessages();
    await feedback.put('a/b', Buffer.from('one'));
    await clock.advance(60 * minute - 1);
    expect(documents.ids('feedback-headers')).toHaveLength(1);
    await clock.advance(1);
    expect(documents.ids('feedback-headers')).toEqual([]);
  });

  test('when nobody reads at all, then the oldest of 10,000 give way', async () => {
    const { feedback, documents } = await openMessages();
    await Promise.all([...Array(10_003).keys()].map((index) => feedback.put('a/b', Buffer.from(String(index)))));
    expect(documents.ids('feedback-contents')).toHaveLength(10_000);
    expect(bodyOf(await feedback.receive())).toBe('3');
  });

  test('when the hub starts again, then the records are still there', async () => {
    const fixture = await openMessages();
    await fixture.feedback.put('a/b', Buffer.from('one'));
    await fixture.feedback.receive();
    await fixture.restart();
    expect(bodyOf(await fixture.feedback.receive())).toBe('one');
    await fixture.feedback.put('a/b', Buffer.from('two'));
    expect(await fixture.feedback.receive()).toMatchObject({ sequenceNumber: 2 });
  });

  test('when a record is damaged on disk, then the next one is given', async () => {
    const { feedback, documents } = await openMessages();
    await feedback.put('a/b', Buffer.from('one'));
    await feedback.put('a/b', Buffer.from('two'));
    const [first = ''] = documents.ids('feedback-contents');
    await documents.write([{ kind: 'put', collection: 'feedback-contents', id: first, value: {} }]);
    expect(bodyOf(await feedback.receive())).toBe('two');
  });
});
