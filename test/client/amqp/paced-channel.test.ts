import { describe, expect, test } from 'vitest';
import type { CloudMessage, ServiceChannel } from '../../../src/client/amqp/channel.ts';
import { paceChannel } from '../../../src/client/amqp/paced-channel.ts';
import { createPace, type WaitEvent } from '../../../src/client/http/pace.ts';
import { Failure } from '../../../src/errors/index.ts';
import { fakeClock } from '../../support/fake-clock.ts';

const message: CloudMessage = { body: Buffer.from('x') };

async function* nothing(): AsyncGenerator<never, void, undefined> {}

function setUp(kind: 'local' | 'cloud', refusals: readonly Failure[] = []) {
  const clock = fakeClock();
  const told: WaitEvent[] = [];
  const sent: string[] = [];
  const left = [...refusals];
  const channel: ServiceChannel = {
    async send(identity) {
      const refusal = left.shift();
      if (refusal !== undefined) throw refusal;
      sent.push(identity);
    },
    feedback: nothing,
    uploads: nothing,
    close: async () => undefined,
  };
  const pace = createPace({ kind }, { clock, random: () => 0.5, onWait: (event) => told.push(event) });
  return { clock, told, sent, paced: paceChannel(channel, { pace, clock, random: () => 0.5 }) };
}

describe('messages to devices', () => {
  test('when more are sent than a minute of the tier takes, then the rest waits', async () => {
    const { clock, told, sent, paced } = setUp('cloud');
    const all = Array.from({ length: 101 }, async (_, index) => paced.send(`d${index}`, message));
    await clock.advance(0);
    expect(sent).toHaveLength(100);
    await clock.advance(1_000);
    await Promise.all(all);
    expect(sent).toHaveLength(101);
    expect(told).toEqual([]);
  });

  test('when the hub refuses one for load, then it is told and sent again', async () => {
    const { clock, told, sent, paced } = setUp('local', [new Failure('throttled', 'slow down')]);
    const sending = paced.send('d1', message);
    await clock.advance(5_000);
    await sending;
    expect(sent).toEqual(['d1']);
    expect(told).toEqual([{ cause: 'hub', operation: 'cloud-to-device', waitMs: 5_000 }]);
  });

  test('when the connection is lost, then it may have been taken and is not sent again', async () => {
    const { sent, paced } = setUp('local', [new Failure('hub-unreachable', 'lost', { retryable: true })]);
    await expect(paced.send('d1', message)).rejects.toThrow('lost');
    expect(sent).toEqual([]);
  });
});
