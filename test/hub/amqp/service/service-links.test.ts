import rhea, { type Connection, type EventContext } from 'rhea';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { event, openAmqpBench, putToken, sendAndSettle, type AmqpBench } from '../../../support/amqp-front.ts';

let bench: AmqpBench;
beforeAll(async () => {
  bench = await openAmqpBench();
});
afterAll(() => bench.close());

async function backEnd(policy = 'service'): Promise<Connection> {
  const connection = bench.connect();
  expect((await putToken(connection, bench.serviceToken(policy))).status).toBe(200);
  return connection;
}

const to = (deviceId: string): string => `/devices/${encodeURIComponent(deviceId)}/messages/devicebound`;
const body = rhea.message.data_section(Buffer.from('hello'));

describe('messages a back end sends', () => {
  it('when one is accepted, then it is in the device’s queue with all it said', async () => {
    await bench.device('pump 1'.replace(' ', '='));
    const sender = (await backEnd()).open_sender('/messages/devicebound');
    const outcome = await sendAndSettle(sender, {
      to: to('pump=1'),
      message_id: rhea.types.wrap_uuid(rhea.string_to_uuid('01234567-89ab-4cde-8f01-23456789abcd')) as never,
      correlation_id: 'c',
      content_type: 'text/plain',
      absolute_expiry_time: new Date(bench.clock.now() + 60_000),
      application_properties: { 'iothub-ack': 'full', color: 'blue', count: 2 },
      body,
    });
    expect(outcome).toEqual({ outcome: 'accepted' });
    const [message] = await bench.core.messages.peek('pump=1', 1);
    expect(message).toMatchObject({
      messageId: '01234567-89ab-4cde-8f01-23456789abcd',
      correlationId: 'c',
      contentType: 'text/plain',
      expiresAt: bench.clock.now() + 60_000,
      ack: 'full',
      properties: { color: 'blue', count: '2' },
    });
    expect(Buffer.from(message?.body ?? []).toString()).toBe('hello');
  });

  it.each([
    ['a device that is not there', { to: to('nobody') }, 'amqp:not-found'],
    ['no address', {}, 'com.microsoft:argument-error'],
    [
      'an ack of its own making',
      { to: to('d1'), application_properties: { 'iothub-ack': 'maybe' } },
      'com.microsoft:argument-error',
    ],
    [
      'too large a body',
      { to: to('d1'), body: rhea.message.data_section(Buffer.alloc(66 * 1024)) },
      'amqp:link:message-size-exceeded',
    ],
  ])('when it has %s, then it is rejected', async (_what, message, condition) => {
    await bench.device('d1');
    const sender = (await backEnd()).open_sender('/messages/devicebound');
    expect(await sendAndSettle(sender, { body, ...message })).toEqual({ outcome: 'rejected', condition });
  });

  it('when the queue is full, then the next is rejected', async () => {
    await bench.device('full');
    const sender = (await backEnd()).open_sender('/messages/devicebound');
    for (let index = 0; index < 50; index++) await sendAndSettle(sender, { to: to('full'), body });
    expect(await sendAndSettle(sender, { to: to('full'), body })).toEqual({
      outcome: 'rejected',
      condition: 'amqp:resource-limit-exceeded',
    });
  });

  it('when messages are sent or refused, then the audit says by which policy, from where and to whom', async () => {
    await bench.device('noted');
    const connection = bench.connect({}, { remote: '192.0.2.7:4711' });
    expect((await putToken(connection, bench.serviceToken('service'))).status).toBe(200);
    const sender = connection.open_sender('/messages/devicebound');
    await sendAndSettle(sender, { to: to('noted'), body });
    await sendAndSettle(sender, { to: to('nobody'), body });
    const sent = async (): Promise<unknown> => {
      const { entries } = await bench.core.audit.read({ after: 0, limit: 1_000 });
      return entries.filter(({ event: name, address }) => name === 'message.send' && address === '192.0.2.7');
    };
    await expect.poll(sent).toMatchObject([
      { source: 'policy service', result: 'accepted', targets: ['noted'] },
      { source: 'policy service', result: 'refused', targets: ['nobody'] },
    ]);
  });

  it.each(['/messages/devicebound', '/messages/serviceBound/feedback'])(
    'when the policy may not, then the link to %s is refused',
    async (address) => {
      const connection = await backEnd('registryRead');
      const link = address.endsWith('feedback') ? connection.open_receiver(address) : connection.open_sender(address);
      await event(link, address.endsWith('feedback') ? 'receiver_error' : 'sender_error');
      expect(link.error).toMatchObject({ condition: 'amqp:unauthorized-access' });
    },
  );
});

describe('what a back end reads', () => {
  it.each([
    ['/messages/serviceBound/feedback', 'feedback'],
    ['/messages/servicebound/filenotifications', 'fileNotifications'],
    ['amqps://localhost/messages/serviceBound/fileuploadnotifications', 'fileNotifications'],
  ] as const)('comes from %s, again when it was released, and is gone when it was accepted', async (address, queue) => {
    const contentType = 'application/vnd.microsoft.iothub.test.json';
    await bench.core[queue].put(contentType, Buffer.from('[1]'));
    const receiver = (await backEnd()).open_receiver({ source: address, autoaccept: false });
    const received: EventContext[] = [];
    receiver.on('message', (context: EventContext) => received.push(context));
    await expect.poll(() => received.length).toBe(1);
    expect(received[0]?.message).toMatchObject({ content_type: contentType });
    expect(String(received[0]?.message?.user_id)).toBe('localhost');
    received[0]?.delivery?.release({});
    await expect.poll(() => received.length).toBe(2);
    received[1]?.delivery?.accept();
    receiver.close();
    await event(receiver, 'receiver_close');
    await expect.poll(() => bench.core[queue].receive()).toBeUndefined();
  });
});
