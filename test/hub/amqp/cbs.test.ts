import rhea, { type EventContext } from 'rhea';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSasToken } from '../../../src/protocol/sas-token.ts';
import { event, openAmqpBench, putToken, type AmqpBench } from '../../support/amqp-front.ts';

let bench: AmqpBench;
beforeAll(async () => {
  // Time moves further here than a peer may be silent.
  bench = await openAmqpBench({ idleMs: 24 * 3_600_000 });
});
afterAll(() => bench.close());

describe('a token put on $cbs', () => {
  const uuid = '01234567-89ab-4cde-8f01-23456789abcd';

  it.each([
    ['a string', 'text', 'text'],
    ['a ulong', rhea.types.wrap_ulong(7), 7],
    ['a uuid', rhea.types.wrap_uuid(rhea.string_to_uuid(uuid)), rhea.string_to_uuid(uuid)],
  ])('when the message id is %s, then the answer has it with that type', async (_what, id, expected) => {
    const answer = await putToken(bench.connect(), await bench.device('d1'), id);
    expect(answer).toMatchObject({ status: 200, description: 'OK' });
    expect(answer.correlationId).toEqual(expected);
  });

  it('when the key is renewed between the token and the first link, then the link is refused', async () => {
    const connection = bench.connect();
    expect((await putToken(connection, await bench.device('renewed'))).status).toBe(200);
    await bench.core.registry.regenerateKeys({ policyKey: 'both', devices: [{ id: 'renewed' }] });
    const link = connection.open_sender('/devices/renewed/messages/events');
    const first = Promise.race(['sendable', 'sender_close'].map(async (name) => (await event(link, name), name)));
    expect(await first).toBe('sender_close');
  });

  it('when the id holds what looks like an encoding, then the token opens that device and not the decoded one', async () => {
    const connection = bench.connect();
    expect((await putToken(connection, await bench.device('d%31'))).status).toBe(200);
    const own = connection.open_sender('/devices/d%2531/messages/events');
    await event(own, 'sendable');
    const other = connection.open_sender('/devices/d1/messages/events');
    await event(other, 'sender_close');
  });

  it.each([
    ['is not one', () => 'Bearer abc', 401],
    [
      'has a wrong signature',
      () => createSasToken({ resource: 'localhost/devices/d1', key: 'AAAA', expiresAt: 4e9 }),
      401,
    ],
    ['names no device', () => bench.serviceToken().replace(/&skn=.*/, ''), 401],
    ['is empty', () => '', 400],
  ])('when it %s, then the answer says so and the connection stays', async (_what, token, status) => {
    const connection = bench.connect();
    await bench.device('d1');
    expect((await putToken(connection, token())).status).toBe(status);
    expect((await putToken(connection, await bench.device('d1'))).status).toBe(200);
  });

  it('when the message id is a fraction, then the answer has none and the connection stays', async () => {
    const connection = bench.connect();
    const half = rhea.types.wrap_double(0.5) as unknown as string;
    const answer = await putToken(connection, await bench.device('d1'), half);
    expect(answer).toMatchObject({ status: 200, correlationId: undefined });
  });

  it('when many are put at once, then each is answered', async () => {
    const connection = bench.connect();
    const token = await bench.device('d1');
    const receiver = connection.open_receiver({ source: '$cbs', target: 'cbs' });
    const sender = connection.open_sender('$cbs');
    await event(sender, 'sendable');
    const answered = new Set<unknown>();
    receiver.on('message', ({ message }: EventContext) => answered.add(message?.correlation_id));
    const application_properties = { operation: 'put-token', type: 'servicebus.windows.net:sastoken', name: 'd1' };
    for (let id = 0; id < 60; id++) sender.send({ message_id: `id-${id}`, application_properties, body: token });
    await expect.poll(() => answered.size).toBe(60);
  });

  it('when the operation is another, then the answer is 400', async () => {
    const connection = bench.connect();
    const receiver = connection.open_receiver({ source: '$cbs', target: 'cbs' });
    const sender = connection.open_sender('$cbs');
    await event(sender, 'sendable');
    sender.send({ message_id: '1', application_properties: { operation: 'delete' }, body: 'x' });
    const { message } = await event(receiver, 'message');
    expect(message?.application_properties).toMatchObject({ 'status-code': 400 });
  });

  it('when there are more tokens than one connection may hold, then the next is refused', async () => {
    const limited = await openAmqpBench({ tokens: 2 });
    const connection = limited.connect();
    for (const id of ['d1', 'd2']) expect((await putToken(connection, await limited.device(id))).status).toBe(200);
    expect((await putToken(connection, await limited.device('d3'))).status).toBe(403);
    expect((await putToken(connection, await limited.device('d1'))).status).toBe(200);
    await limited.close();
  });

  it('when it expires, then the links it opened end, and only those', async () => {
    const connection = bench.connect();
    const own = await bench.device('d1');
    await putToken(connection, own);
    const { authentication } = await bench.core.registry.get('d1');
    const short = createSasToken({
      resource: 'localhost/devices/d1',
      key: authentication.symmetricKey.primaryKey ?? '',
      expiresAt: bench.clock.now() / 1_000 + 60,
    });
    await bench.device('d2');
    await putToken(connection, await bench.device('d2'));
    await putToken(connection, short);
    const first = connection.open_sender('/devices/d1/messages/events');
    const second = connection.open_sender('/devices/d2/messages/events');
    await Promise.all([event(first, 'sendable'), event(second, 'sendable')]);
    const ended = event(first, 'sender_error');
    // The hub allows five minutes of clock skew.
    await bench.clock.advance(60_000 + 5 * 60_000);
    await ended;
    expect(first.error).toMatchObject({ condition: 'amqp:unauthorized-access' });
    expect(second.is_open()).toBe(true);
  });

  it('when it is renewed in time, then the links stay', async () => {
    const connection = bench.connect();
    await putToken(connection, await bench.device('d3'));
    const sender = connection.open_sender('/devices/d3/messages/events');
    await event(sender, 'sendable');
    await bench.clock.advance(30 * 60_000);
    await putToken(connection, await bench.device('d3'));
    await bench.clock.advance(3 * 60_000);
    expect(sender.is_open()).toBe(true);
  });
});
