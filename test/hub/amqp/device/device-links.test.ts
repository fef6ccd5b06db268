import { randomUUID } from 'node:crypto';
import rhea, { type Connection, type EventContext, type Message, type Receiver, type Sender } from 'rhea';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeBag } from '../../../../src/protocol/mqtt/index.ts';
import type { StoredMessage, TelemetryLog } from '../../../../src/hub/core/ports.ts';
import { event, openAmqpBench, putToken, sendAndSettle, type AmqpBench } from '../../../support/amqp-front.ts';

let bench: AmqpBench;
beforeAll(async () => {
  bench = await openAmqpBench();
});
afterAll(() => bench.close());

let devices = 0;

/** A new device on a connection of its own. */
async function connected(): Promise<{ deviceId: string; connection: Connection }> {
  const deviceId = `device-${devices++}`;
  const connection = bench.connect();
  expect((await putToken(connection, await bench.device(deviceId))).status).toBe(200);
  return { deviceId, connection };
}

async function stored(deviceId: string): Promise<readonly StoredMessage[]> {
  const found: StoredMessage[] = [];
  for await (const { messages } of bench.telemetry.read({ from: 'earliest', follow: false, devices: [deviceId] }))
    found.push(...messages);
  return found.filter(({ sender }) => sender.source === 'Telemetry');
}

/** The outcome as rhea writes it; its types leave it out. */
function accepted(): never {
  const { message } = rhea as unknown as { message: { accepted(): { described(): unknown } } };
  return message.accepted().described() as never;
}

const data = (text: string): unknown => rhea.message.data_section(Buffer.from(text));
const body = (message: Message | undefined): string =>
  String((message?.body as { content?: Buffer } | undefined)?.content ?? '');

const cloudMessage = (messageId: string) => ({
  messageId,
  ack: 'full' as const,
  properties: { color: 'blue' },
  body: Buffer.from(messageId),
  contentType: 'text/plain',
});

async function nextMessage(receiver: Receiver): Promise<EventContext> {
  return event(receiver, 'message');
}

function listen(connection: Connection, deviceId: string, options: object = {}): Receiver {
  return connection.open_receiver({
    source: `/devices/${deviceId}/messages/deviceBound`,
    autoaccept: false,
    ...options,
  });
}

async function twinLinks(connection: Connection, deviceId: string): Promise<{ sender: Sender; receiver: Receiver }> {
  const properties = { 'com.microsoft:channel-correlation-id': `twin:${randomUUID()}` };
  const receiver = connection.open_receiver({ source: `/devices/${deviceId}/twin`, properties });
  const sender = connection.open_sender({ target: `/devices/${deviceId}/twin`, properties, snd_settle_mode: 1 });
  await Promise.all([event(receiver, 'receiver_open'), event(sender, 'sendable')]);
  return { sender, receiver };
}

async function request(
  { sender, receiver }: { sender: Sender; receiver: Receiver },
  annotations: object,
  text = ' ',
  id: unknown = 'r-1',
): Promise<Message> {
  const answer = event(receiver, 'message');
  sender.send({ correlation_id: id as string, message_annotations: annotations, body: data(text) });
  return (await answer).message as Message;
}

describe('telemetry over AMQP', () => {
  it('when it is accepted, then it is stored with everything it said', async () => {
    const { deviceId, connection } = await connected();
    const sender = connection.open_sender(`amqps://localhost:5671/devices/${deviceId}/messages/events`);
    const id = randomUUID();
    const outcome = await sendAndSettle(sender, {
      message_id: rhea.types.wrap_uuid(rhea.string_to_uuid(id)) as never,
      correlation_id: 'c-1',
      user_id: Buffer.from('someone') as never,
      content_type: 'application/json',
      content_encoding: 'utf-8',
      absolute_expiry_time: new Date('2030-01-01T00:00:00Z'),
      application_properties: {
        'iothub-message-schema': 'engine;v1',
        'iothub-creation-time-utc': '2026-01-01T00:00:00Z',
        count: 3,
        hot: true,
        place: 'north pole & beyond',
      },
      message_annotations: { 'dt-subject': 'thermostat1', 'iothub-interface-id': 'urn:x' },
      body: data('{"t":1}'),
    });
    expect(outcome).toEqual({ outcome: 'accepted' });
    const [message] = await stored(deviceId);
    expect(Buffer.from(message?.body ?? []).toString()).toBe('{"t":1}');
    expect(decodeBag(message?.bag ?? '')).toEqual({
      system: {
        'message-id': id,
        'correlation-id': 'c-1',
        'user-id': 'someone',
        'content-type': 'application/json',
        'content-encoding': 'utf-8',
        'absolute-expiry-time': '2030-01-01T00:00:00.000Z',
        'iothub-message-schema': 'engine;v1',
        'iothub-creation-time-utc': '2026-01-01T00:00:00Z',
        'dt-subject': 'thermostat1',
        'iothub-interface-id': 'urn:x',
      },
      properties: { count: '3', hot: 'true', place: 'north pole & beyond' },
    });
  });

  it('when it comes in a batch, then each message is stored by itself', async () => {
    const { deviceId, connection } = await connected();
    const sender = connection.open_sender(`/devices/${deviceId}/messages/events`);
    const encoded = ['a', 'b', 'c'].map((text) => rhea.message.encode({ message_id: text, body: data(text) }));
    const batch = rhea.message.encode({ body: rhea.message.data_sections(encoded) });
    expect(await sendAndSettle(sender, batch, 0x80013700)).toEqual({ outcome: 'accepted' });
    expect((await stored(deviceId)).map((message) => Buffer.from(message.body).toString())).toEqual(['a', 'b', 'c']);
  });

  it.each([
    [
      'a batch that cannot be read',
      rhea.message.encode({ body: data('\u0000\u0053') }),
      0x80013700,
      'com.microsoft:argument-error',
    ],
    ['a format nobody knows', Buffer.from('x'), 5, 'com.microsoft:argument-error'],
    [
      'a message of 300 KiB',
      rhea.message.encode({ body: rhea.message.data_section(Buffer.alloc(300 * 1024)) }),
      0,
      'amqp:link:message-size-exceeded',
    ],
  ])('when it is %s, then it is rejected and the link stays', async (_what, bytes, format, condition) => {
    const { deviceId, connection } = await connected();
    const sender = connection.open_sender(`/devices/${deviceId}/messages/events`);
    expect(await sendAndSettle(sender, bytes, format)).toEqual({ outcome: 'rejected', condition });
    expect(await sendAndSettle(sender, { body: data('fine') })).toEqual({ outcome: 'accepted' });
    expect(await stored(deviceId)).toHaveLength(1);
  });

  it('when many are sent at once, then all are stored in order', async () => {
    const { deviceId, connection } = await connected();
    const sender = connection.open_sender(`/devices/${deviceId}/messages/events`);
    const count = 2_500;
    let next = 0;
    let confirmed = 0;
    const send = (): void => {
      while (next < count && sender.sendable()) sender.send({ body: data(String(next++)) });
    };
    sender.on('sendable', send);
    sender.on('accepted', () => confirmed++);
    await expect.poll(() => confirmed, { timeout: 10_000 }).toBe(count);
    const texts = (await stored(deviceId)).map((message) => Buffer.from(message.body).toString());
    expect(texts).toEqual(Array.from({ length: count }, (_, index) => String(index)));
  });

  it('of another device is refused', async () => {
    const { connection } = await connected();
    await bench.device('somebody-else');
    const sender = connection.open_sender('/devices/somebody-else/messages/events');
    await event(sender, 'sender_error');
    expect(sender.error).toMatchObject({ condition: 'amqp:unauthorized-access' });
  });

  it('of a module is stored under its own name', async () => {
    await bench.device('with-module');
    const connection = bench.connect();
    await putToken(connection, await bench.module('with-module', 'filter'));
    const sender = connection.open_sender('/devices/with-module/modules/filter/messages/events');
    const message = { application_properties: { 'iothub-outputname': 'alerts' }, body: data('x') };
    expect(await sendAndSettle(sender, message)).toEqual({ outcome: 'accepted' });
    const [first] = await stored('with-module');
    expect(first?.sender).toMatchObject({ deviceId: 'with-module', moduleId: 'filter' });
    expect(decodeBag(first?.bag ?? '').system['iothub-outputname']).toBe('alerts');
  });

  it('when the id is written encoded, then it is found all the same', async () => {
    const connection = bench.connect();
    await putToken(connection, await bench.device('a=b+c'));
    await event(connection.open_sender('/devices/a%3Db%2Bc/messages/events'), 'sendable');
    await event(connection.open_sender('/devices/a=b+c/messages/events'), 'sendable');
  });
});

describe('a log that cannot follow', () => {
  it('when it is full, then nothing more is read until it has drained', async () => {
    const taken: ((error?: Error) => void)[] = [];
    const drained = Promise.withResolvers<void>();
    const log = {
      append: (...[, , , , done]: Parameters<TelemetryLog['append']>) => taken.push(done) < 3,
      drained: () => drained.promise,
      close: () => Promise.resolve(),
    } as unknown as TelemetryLog;
    const own = await openAmqpBench({}, log);
    const connection = own.connect();
    await putToken(connection, await own.device('d1'));
    const sender = connection.open_sender('/devices/d1/messages/events');
    await event(sender, 'sendable');
    for (let index = 0; index < 100; index++) sender.send({ body: data(String(index)) });
    await expect.poll(() => taken.length).toBe(3);
    await own.clock.advance(1_000);
    expect(taken).toHaveLength(3);
    drained.resolve();
    await expect.poll(() => taken.length).toBeGreaterThan(3);
    await own.close();
  });

  it('when it fails, then the message is rejected, and the hub says so once', async () => {
    const log = {
      append: (...[, , , , done]: Parameters<TelemetryLog['append']>) => {
        queueMicrotask(() => done(new Error('disk full')));
        return true;
      },
      close: () => Promise.resolve(),
    } as unknown as TelemetryLog;
    const own = await openAmqpBench({}, log);
    const connection = own.connect();
    await putToken(connection, await own.device('d1'));
    const sender = connection.open_sender('/devices/d1/messages/events');
    const rejected = { outcome: 'rejected', condition: 'amqp:internal-error' };
    expect(await sendAndSettle(sender, { body: data('1') })).toEqual(rejected);
    expect(await sendAndSettle(sender, { body: data('2') })).toEqual(rejected);
    expect(own.logged).toHaveLength(1);
    await own.close();
  });
});

describe('messages to a device over AMQP', () => {
  it('come with a tag that is the lock token as .NET writes it, and what was stamped', async () => {
    const { deviceId, connection } = await connected();
    await bench.core.messages.send(deviceId, cloudMessage('one'));
    const { message: received, delivery } = await nextMessage(listen(connection, deviceId));
    const annotations = received?.message_annotations as Record<string, unknown>;
    expect(received).toMatchObject({
      message_id: 'one',
      to: `/devices/${deviceId}/messages/devicebound`,
      content_type: 'text/plain',
      application_properties: { color: 'blue', 'iothub-ack': 'full' },
    });
    expect(annotations).toMatchObject({
      'x-opt-sequence-number': 1,
      'iothub-deliverycount': 0,
      'iothub-enqueuedtime': expect.any(Date),
    });
    const tag = Buffer.from((delivery as unknown as { tag: Buffer }).tag);
    const hex = [
      tag.subarray(0, 4).toReversed(),
      tag.subarray(4, 6).toReversed(),
      tag.subarray(6, 8).toReversed(),
      tag.subarray(8),
    ];
    const token = Buffer.concat(hex.map((part) => Buffer.from(part))).toString('hex');
    expect(token).toBe(String(annotations['x-opt-lock-token']).replaceAll('-', ''));
  });

  it.each([
    ['accepted', (context: EventContext) => context.delivery?.accept(), 0, []],
    ['rejected', (context: EventContext) => context.delivery?.reject(), 0, ['Rejected']],
  ])('when one is %s, then it leaves the queue', async (_what, settle, count, reasons) => {
    const { deviceId, connection } = await connected();
    await bench.core.messages.send(deviceId, cloudMessage('one'));
    settle(await nextMessage(listen(connection, deviceId)));
    await expect.poll(() => bench.core.messages.count(deviceId)).toBe(count);
    const dead = await bench.core.messages.deadLetters(deviceId, 10);
    expect(dead.map(({ reason }) => reason)).toEqual(reasons);
  });

  it.each([
    ['released', (context: EventContext) => context.delivery?.release({})],
    [
      'modified',
      (context: EventContext) => context.delivery?.modified({ delivery_failed: true, undeliverable_here: false }),
    ],
  ])('when one is %s, then it comes again and that is counted', async (_what, settle) => {
    const { deviceId, connection } = await connected();
    await bench.core.messages.send(deviceId, cloudMessage('one'));
    const receiver = listen(connection, deviceId);
    settle(await nextMessage(receiver));
    const again = await nextMessage(receiver);
    expect(again.message?.message_annotations).toMatchObject({ 'iothub-deliverycount': 1 });
    again.delivery?.accept();
  });

  it('when the device settles second, then it hears the hub’s own word, and of a lost lock', async () => {
    const { deviceId, connection } = await connected();
    for (const id of ['one', 'two']) await bench.core.messages.send(deviceId, cloudMessage(id));
    const receiver = listen(connection, deviceId, { rcv_settle_mode: 1, credit_window: 0, autosettle: false });
    receiver.add_credit(2);
    const received: EventContext[] = [];
    receiver.on('message', (context: EventContext) => received.push(context));
    await expect.poll(() => received.length).toBe(2);
    const first = event(receiver, 'settled');
    received[0]?.delivery?.update(false, accepted());
    expect((await first).delivery?.remote_state?.constructor).toHaveProperty('composite_type', 'accepted');
    await bench.clock.advance(61_000);
    const second = event(receiver, 'settled');
    received[1]?.delivery?.update(false, accepted());
    const state = (await second).delivery?.remote_state as { error?: { condition: string } };
    expect(state.error?.condition).toBe('com.microsoft:message-lock-lost');
  });

  it('when the link ends with messages unsettled, then they go back and are not counted', async () => {
    const { deviceId, connection } = await connected();
    await bench.core.messages.send(deviceId, cloudMessage('one'));
    const first = listen(connection, deviceId);
    await nextMessage(first);
    first.close();
    const second = await nextMessage(listen(connection, deviceId));
    expect(second.message?.message_annotations).toMatchObject({ 'iothub-deliverycount': 0 });
    second.delivery?.accept();
  });
});

describe('twins over AMQP', () => {
  it('are read, written and told of changes', async () => {
    const { deviceId, connection } = await connected();
    const links = await twinLinks(connection, deviceId);
    const id = rhea.string_to_uuid(randomUUID());
    const read = await request(links, { operation: 'GET' }, ' ', rhea.types.wrap_uuid(id));
    expect(read.message_annotations).toMatchObject({ status: 200 });
    expect(read.correlation_id).toEqual(id);
    expect(JSON.parse(body(read))).toEqual({ desired: { $version: 1 }, reported: { $version: 1 } });
    const patched = await request(
      links,
      { operation: 'PATCH', resource: '/properties/reported', version: null },
      '{"a":1}',
    );
    expect(patched.message_annotations).toMatchObject({ status: 204, version: 2 });

    await bench.core.twins.patch(deviceId, { properties: { desired: { quiet: true } } }, undefined);
    const resource = '/notifications/twin/properties/desired';
    expect((await request(links, { operation: 'PUT', resource })).message_annotations).toMatchObject({ status: 200 });
    const told = event(links.receiver, 'message');
    await bench.core.twins.patch(deviceId, { properties: { desired: { interval: 5 } } }, undefined);
    const { message } = await told;
    expect(JSON.parse(body(message))).toEqual({ interval: 5, $version: 3 });
    expect(message?.correlation_id).toBeUndefined();
    expect(message?.message_annotations).toMatchObject({ resource: '/properties/desired', version: 3, status: 200 });
  });

  it('when ever more channels want to hear of changes, then the hub does not remember them all', async () => {
    const { deviceId, connection } = await connected();
    const { receiver } = await twinLinks(connection, deviceId);
    const statuses: unknown[] = [];
    for (let channel = 0; channel < 20; channel++) {
      const sender = connection.open_sender({
        target: `/devices/${deviceId}/twin`,
        properties: { 'com.microsoft:channel-correlation-id': `twin:${channel}` },
      });
      await event(sender, 'sendable');
      const resource = '/notifications/twin/properties/desired';
      const answer = await request({ sender, receiver }, { operation: 'PUT', resource });
      statuses.push(answer.message_annotations?.['status']);
      sender.close();
    }
    expect(statuses.filter((status) => status === 200)).toHaveLength(16);
    expect(statuses.at(-1)).toBe(403);
  });

  it.each([
    ['reported properties that are no JSON', { operation: 'PATCH', resource: '/properties/reported' }, '{', 400],
    ['an operation there is not', { operation: 'POST', resource: '/properties/reported' }, '{}', 400],
  ])('when there are %s, then the answer has the error', async (_what, annotations, text, status) => {
    const { deviceId, connection } = await connected();
    const answer = await request(await twinLinks(connection, deviceId), annotations, text);
    expect(answer.message_annotations).toMatchObject({ status });
    expect(JSON.parse(body(answer))).toMatchObject({ errorCode: 400004 });
  });
});

describe('methods over AMQP', () => {
  it.each([
    ['a uuid', (id: Buffer) => rhea.types.wrap_uuid(id) as unknown as string],
    ['a string', (id: Buffer) => rhea.uuid_to_string(id)],
  ])('when the answer’s id is %s, then the caller gets it', async (_what, idOf) => {
    const { deviceId, connection } = await connected();
    const properties = { 'com.microsoft:channel-correlation-id': `methods:${randomUUID()}` };
    const address = `/devices/${deviceId}/methods/devicebound`;
    const sender = connection.open_sender({ target: address, properties });
    const receiver = connection.open_receiver({ source: address, properties });
    await event(sender, 'sendable');
    const calling = bench.core.commands.invoke(deviceId, {
      methodName: 'reboot',
      payload: { delay: 3 },
      connectTimeoutInSeconds: 5,
    });
    const { message } = await event(receiver, 'message');
    expect(message?.application_properties).toEqual({ 'IoThub-methodname': 'reboot' });
    expect(body(message)).toBe('{"delay":3}');
    const outcome = await sendAndSettle(sender, {
      correlation_id: idOf(message?.correlation_id as unknown as Buffer),
      application_properties: { 'IoThub-status': rhea.types.wrap_int(201) },
      body: data('{"ok":true}'),
    });
    expect(outcome).toEqual({ outcome: 'accepted' });
    expect(await calling).toEqual({ status: 201, payload: { ok: true } });
  });
});

describe('several identities on one connection', () => {
  it('when links have the same names in each session, then none takes another’s place', async () => {
    const connection = bench.connect();
    const senders: Sender[] = [];
    for (const deviceId of ['pooled-1', 'pooled-2', 'pooled-3']) {
      await putToken(connection, await bench.device(deviceId));
      const session = connection.create_session();
      session.begin();
      senders.push(
        session.open_sender({ name: 'TelemetrySenderLink', target: `/devices/${deviceId}/messages/events` }),
      );
    }
    for (const sender of senders)
      expect(await sendAndSettle(sender, { body: data('x') })).toEqual({ outcome: 'accepted' });
    expect(await stored('pooled-2')).toHaveLength(1);
    expect(['pooled-1', 'pooled-2', 'pooled-3'].every((id) => bench.core.sessions.find(id) !== undefined)).toBe(true);
  });

  it('when one is disabled, then its links end and the others go on', async () => {
    const connection = bench.connect();
    const open = async (deviceId: string): Promise<Sender> => {
      await putToken(connection, await bench.device(deviceId));
      const sender = connection.open_sender(`/devices/${deviceId}/messages/events`);
      await event(sender, 'sendable');
      return sender;
    };
    const [first, second] = [await open('cut'), await open('kept')];
    const ended = event(first, 'sender_error');
    const identity = await bench.core.registry.get('cut');
    await bench.core.registry.put('cut', { ...identity, status: 'disabled' }, '*');
    await ended;
    expect(first.error).toMatchObject({ condition: 'amqp:unauthorized-access' });
    expect(await sendAndSettle(second, { body: data('x') })).toEqual({ outcome: 'accepted' });
    expect(bench.core.sessions.find('cut')).toBeUndefined();
  });

  it('when a device connects again, then its older links are taken', async () => {
    const { deviceId, connection } = await connected();
    const older = connection.open_sender(`/devices/${deviceId}/messages/events`);
    await event(older, 'sendable');
    const taken = event(older, 'sender_error');
    const other = bench.connect();
    await putToken(other, await bench.device(deviceId));
    await event(other.open_sender(`/devices/${deviceId}/messages/events`), 'sendable');
    await taken;
    expect(older.error).toMatchObject({ condition: 'amqp:link:stolen' });
    expect(bench.core.sessions.find(deviceId)).toBeDefined();
  });

  it('when the last link goes, then the device counts as gone', async () => {
    const { deviceId, connection } = await connected();
    const sender = connection.open_sender(`/devices/${deviceId}/messages/events`);
    await event(sender, 'sendable');
    expect(bench.core.sessions.find(deviceId)).toBeDefined();
    sender.close();
    await expect.poll(() => bench.core.sessions.find(deviceId)).toBeUndefined();
  });
});

it('when a device asks for ever more faults, then so many wait, and none after its connection', async () => {
  const { deviceId, connection } = await connected();
  const sender = connection.open_sender(`/devices/${deviceId}/messages/events`);
  await event(sender, 'sendable');
  const before = bench.clock.pending;
  const application_properties = {
    AzIoTHub_FaultOperationType: 'KillTcp',
    AzIoTHub_FaultOperationDelayInSecs: '3000',
  };
  for (let asked = 0; asked < 40; asked++)
    expect(await sendAndSettle(sender, { application_properties, body: data('x') })).toEqual({ outcome: 'accepted' });
  expect(bench.clock.pending - before).toBeLessThanOrEqual(20);
  connection.close();
  await expect.poll(() => bench.clock.pending).toBeLessThanOrEqual(before);
});
