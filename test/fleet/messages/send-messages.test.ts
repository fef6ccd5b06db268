import { describe, expect, test } from 'vitest';
import { Failure } from '../../../src/errors/index.ts';
import { sendMessages, type MessageResult, type OutgoingMessage } from '../../../src/fleet/messages/index.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { memoryMessages } from '../../support/memory-messages.ts';

const message: OutgoingMessage = { body: Buffer.from('hello'), ack: 'full' };

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function begin(identities: readonly string[], waitMs?: number, outgoing = message) {
  const hub = memoryMessages();
  const clock = fakeClock();
  let counter = 0;
  const results: MessageResult[] = [];
  const stop = new AbortController();
  const run = async (): Promise<void> => {
    const options = { concurrency: 4, waitMs, newId: () => `id${++counter}`, signal: stop.signal };
    for await (const result of sendMessages(hub, clock, identities, outgoing, options)) results.push(result);
  };
  return { hub, clock, results, stop, run };
}

describe('messages that are only sent', () => {
  test('when the hub takes them, then each is queued under an id of its own', async () => {
    const { hub, results, run } = begin(['d1', 'd2/m1']);
    await run();
    expect(results).toMatchObject([
      { deviceId: 'd1', messageId: 'id1', state: 'queued' },
      { deviceId: 'd2/m1', messageId: 'id2', state: 'queued' },
    ]);
    expect(hub.sent.map(({ identity }) => identity)).toEqual(['d1', 'd2/m1']);
    expect(hub.isListening).toBe(false);
  });

  test('when an id and a span of life are given, then the message has them', async () => {
    const { hub, clock, run } = begin(['d1'], undefined, { ...message, messageId: 'mine', expiresAfter: 60_000 });
    await run();
    expect(hub.sent[0]?.message).toMatchObject({ messageId: 'mine', expiresAt: clock.now() + 60_000, ack: 'full' });
  });

  test('when one is refused, then the others are sent all the same', async () => {
    const { hub, results, run } = begin(['d1', 'd2']);
    hub.onSend = (identity) => {
      if (identity === 'd1') throw new Failure('quota-exceeded', 'the queue is full');
    };
    await run();
    expect(results.find(({ deviceId }) => deviceId === 'd1')).toMatchObject({ state: 'failed' });
    expect(results.find(({ deviceId }) => deviceId === 'd2')).toMatchObject({ state: 'queued' });
  });

  test('when the credentials are refused, then nothing more is tried', async () => {
    const { hub, run } = begin(['d1', 'd2', 'd3', 'd4', 'd5', 'd6']);
    hub.onSend = () => {
      throw new Failure('not-authorised', 'no');
    };
    await expect(run()).rejects.toMatchObject({ code: 'not-authorised' });
    expect(hub.sent.length).toBeLessThan(6);
  });
});

describe('messages whose outcome is waited for', () => {
  test('when the device took it, then it is delivered', async () => {
    const { hub, results, run } = begin(['d1/m1'], 60_000);
    hub.onSend = (_identity, { messageId = '' }) => hub.tell({ deviceId: 'd1', originalMessageId: messageId });
    await run();
    expect(results).toMatchObject([{ deviceId: 'd1/m1', state: 'delivered' }]);
    expect(hub.isListening).toBe(false);
  });

  test.each([
    ['Expired', 'device-no-answer'],
    ['DeliveryCountExceeded', 'device-no-answer'],
    ['Rejected', 'refused'],
    ['Purged', 'refused'],
  ])('when the outcome is %s, then it is a failure %s', async (statusCode, code) => {
    const { hub, results, run } = begin(['d1'], 60_000);
    hub.onSend = (_identity, { messageId = '' }) =>
      hub.tell({ deviceId: 'd1', originalMessageId: messageId, statusCode });
    await run();
    expect(results).toMatchObject([{ state: 'failed', failure: { code, details: { outcome: statusCode } } }]);
  });

  test('when the feedback of others comes along, then only the own one counts', async () => {
    const { hub, results, run } = begin(['d1'], 60_000);
    hub.onSend = () =>
      hub.tell(
        { deviceId: 'd1', originalMessageId: 'of another', statusCode: 'Rejected' },
        { deviceId: 'd2', originalMessageId: 'id1', statusCode: 'Rejected' },
        { deviceId: 'd1', originalMessageId: 'id1' },
      );
    await run();
    expect(results).toMatchObject([{ state: 'delivered' }]);
  });

  test('when nothing is heard in time, then it has timed out and may still be delivered', async () => {
    const { clock, results, run } = begin(['d1'], 60_000);
    const running = run();
    await settle();
    await clock.advance(59_999);
    expect(results).toEqual([]);
    await clock.advance(1);
    await running;
    expect(results).toMatchObject([{ state: 'failed', failure: { code: 'timed-out' } }]);
  });

  test('when the link is lost for good, then every message that is waited for fails with that', async () => {
    const { hub, results, run } = begin(['d1', 'd2'], 60_000);
    const running = run();
    await settle();
    hub.cut(new Failure('hub-unreachable', 'gone'));
    await running;
    expect(results.map(({ failure }) => failure?.code)).toEqual(['hub-unreachable', 'hub-unreachable']);
  });

  test('when the user stops it, then it ends with that and listens no longer', async () => {
    const { hub, stop, run } = begin(['d1'], 60_000);
    const running = run();
    await settle();
    stop.abort(new Failure('interrupted', 'stopped'));
    await expect(running).rejects.toMatchObject({ code: 'interrupted' });
    expect(hub.isListening).toBe(false);
  });
});
