/** The queue against a model of it that is as plain as the description in device.md §8. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { bodyOf, openMessages, text, type MessageFixture } from './message-fixture.ts';

const hour = 3_600_000;

interface ModelMessage {
  readonly body: string;
  readonly expiresAt: number;
  deliveries: number;
  /** Until when it is locked; undefined when it is not. */
  lockedUntil: number | undefined;
  token: string;
}

class Model {
  waiting: ModelMessage[] = [];
  dead: { body: string; reason: string }[] = [];
  told: string[] = [];
  /** Locks ever given, lost ones too. */
  tokens: string[] = [];

  bury(message: ModelMessage, reason: string): void {
    this.waiting.splice(this.waiting.indexOf(message), 1);
    this.dead = [...this.dead, { body: message.body, reason }].slice(-50);
    this.told.push(`${message.body} ${reason}`);
  }

  passTime(now: number): void {
    for (const message of this.waiting.filter(({ expiresAt }) => expiresAt <= now)) this.bury(message, 'Expired');
    for (const message of this.waiting)
      if ((message.lockedUntil ?? Number.POSITIVE_INFINITY) <= now) message.lockedUntil = undefined;
  }

  held(token: string): ModelMessage | undefined {
    return this.waiting.find((message) => message.lockedUntil !== undefined && message.token === token);
  }
}

type Settlement = 'complete' | 'reject' | 'abandon' | 'release';

const commands = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('send' as const), life: fc.integer({ min: -1, max: 200 }) }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('receive' as const), lock: fc.constantFrom(undefined, 60) }) },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('settle' as const),
        lock: fc.nat(20),
        how: fc.constantFrom<Settlement>('complete', 'reject', 'abandon', 'abandon', 'release'),
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 90 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('requeue' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('purge' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const) }) },
  ),
  { maxLength: 120 },
);

type Command = typeof commands extends fc.Arbitrary<(infer One)[]> ? One : never;

test('whatever is done to it, the queue holds, gives and tells what its model does', async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (script) => {
      const fixture = await openMessages();
      const model = new Model();
      let counter = 0;
      for (const command of script) {
        await run(fixture, model, command, () => String(counter++));
        expect(fixture.messages.count('d1')).toBe(model.waiting.length);
        const peeked = await fixture.messages.peek('d1', 50);
        expect(peeked.map((message) => bodyOf(message))).toEqual(model.waiting.map(({ body }) => body));
      }
      const dead = await fixture.messages.deadLetters('d1', 50);
      expect(dead.map((letter) => ({ body: bodyOf(letter), reason: letter.reason }))).toEqual(model.dead);
      // What is stored is what is known: no orphans, nothing missing.
      const kept = model.waiting.length + model.dead.length;
      expect(fixture.documents.ids('message-headers')).toHaveLength(kept);
      expect(fixture.documents.ids('message-contents')).toHaveLength(kept);
      await fixture.restart();
      expect(fixture.messages.count('d1')).toBe(model.waiting.length);
      expect(fixture.errors).toEqual([]);
    }),
    { numRuns: 150 },
  );
}, 60_000);

async function run(fixture: MessageFixture, model: Model, command: Command, nextName: () => string): Promise<void> {
  const { messages, clock } = fixture;
  const now = clock.now();
  if (command.do === 'send') {
    const body = nextName();
    // A life of 0 stands for the hub's default.
    const expiresAt = command.life === 0 ? undefined : now + command.life * 1_000;
    const sent = messages.send('d1', text(body, { expiresAt, messageId: body, ack: 'full' }));
    if (model.waiting.length >= 50) {
      await expect(sent).rejects.toMatchObject({ symbol: 'DeviceMaximumQueueDepthExceeded' });
    } else {
      await sent;
      const fresh = { body, deliveries: 0, lockedUntil: undefined, token: '' };
      model.waiting.push({ ...fresh, expiresAt: expiresAt ?? now + hour });
      // What is too old already goes with the next step.
      await clock.advance(0);
      model.passTime(now);
    }
  } else if (command.do === 'receive') {
    const lockMs = command.lock === undefined ? undefined : command.lock * 1_000;
    const message = await messages.receive('d1', { lockMs });
    const expected = model.waiting.find(({ lockedUntil }) => lockedUntil === undefined);
    expect(bodyOf(message)).toBe(expected?.body);
    if (message === undefined || expected === undefined) return;
    expect(message.deliveryCount).toBe(expected.deliveries);
    expected.lockedUntil = lockMs === undefined ? Number.POSITIVE_INFINITY : now + lockMs;
    expected.token = message.lockToken;
    model.tokens.push(message.lockToken);
  } else if (command.do === 'settle') {
    const token = model.tokens[command.lock] ?? 'no such lock';
    const held = model.held(token);
    const settled = messages.settle('d1', token, command.how);
    if (held === undefined) {
      await expect(settled).rejects.toMatchObject({ symbol: 'DeviceMessageLockLost' });
      return;
    }
    await settled;
    held.lockedUntil = undefined;
    if (command.how === 'complete') model.waiting.splice(model.waiting.indexOf(held), 1);
    if (command.how === 'reject') model.bury(held, 'Rejected');
    if (command.how === 'abandon' && ++held.deliveries === 10) model.bury(held, 'DeliveryCountExceeded');
  } else if (command.do === 'wait') {
    await clock.advance(command.seconds * 1_000);
    model.passTime(clock.now());
    // Several that expire in one wait are buried in the order of their times.
    await sortDead(fixture, model);
  } else if (command.do === 'requeue') {
    const room = 50 - model.waiting.length;
    const back = model.dead.splice(0, room);
    expect(await messages.requeue('d1')).toBe(back.length);
    for (const { body } of back)
      model.waiting.push({ body, deliveries: 0, lockedUntil: undefined, token: '', expiresAt: now + hour });
  } else if (command.do === 'purge') {
    expect(await messages.purge('d1')).toBe(model.waiting.length);
    model.waiting = [];
    model.dead = [];
  } else {
    fixture.documents.error = new Error('disk full');
    await expect(messages.send('d1', text('x'))).rejects.toThrow();
    fixture.documents.error = undefined;
  }
}

async function sortDead(fixture: MessageFixture, model: Model): Promise<void> {
  const order = (await fixture.messages.deadLetters('d1', 50)).map((letter) => bodyOf(letter));
  model.dead.sort((a, b) => order.indexOf(a.body) - order.indexOf(b.body));
}
