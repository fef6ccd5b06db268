import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import * as fc from 'fast-check';
import rhea from 'rhea';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultAmqpLimits, type AmqpLimits } from '../../../src/hub/amqp/limits.ts';
import { event, openAmqpBench, putToken, type AmqpBench } from '../../support/amqp-front.ts';

let bench: AmqpBench;
beforeAll(async () => {
  bench = await openAmqpBench();
});
afterAll(() => bench.close());

/** With a front of other limits. */
async function withLimits(limits: Partial<AmqpLimits>, run: (limited: AmqpBench) => Promise<void>): Promise<void> {
  const limited = await openAmqpBench(limits);
  try {
    await run(limited);
  } finally {
    await limited.close();
  }
}

const header = Buffer.from('AMQP\x00\x01\x00\x00', 'latin1');

/** A frame with a described list in it. */
function frame(channel: number, code: number, ...fields: number[][]): Buffer {
  const values = fields.flat();
  const body = [0, 0x53, code, 0xd0, ...word(values.length + 4), ...word(fields.length), ...values];
  return Buffer.from([...word(body.length + 8), 2, 0, channel >> 8, channel & 0xff, ...body]);
}

function word(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

const open = frame(0, 0x10, [0xa1, 1, 0x61]);
const begin = frame(0, 0x11, [0x40], [0x43], [0x52, 100], [0x52, 100]);

/** Everything the hub says until it closes. */
async function heard(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(stream, 'end');
  stream.end();
  return Buffer.concat(chunks);
}

describe('the opening of a connection', () => {
  it('without a SASL layer', async () => {
    const connection = bench.connect();
    await event(connection, 'connection_open');
    expect(connection.container_id).toMatch(/^DeviceGateway_[0-9a-f]{32}$/);
    expect(connection).toMatchObject({
      hostname: 'localhost',
      max_frame_size: 65_536,
      channel_max: 8_191,
      idle_time_out: 240_000,
    });
  });

  it.each(['ANONYMOUS', 'MSSBCBS', 'EXTERNAL'])('with SASL %s', async (mechanism) => {
    const sasl_mechanisms = {
      [mechanism]: () => ({
        start: (done: (error: undefined, response: Buffer) => void) => done(undefined, Buffer.alloc(0)),
      }),
    };
    await event(bench.connect({ sasl_mechanisms } as never), 'connection_open');
  });

  it('with SASL PLAIN of a device: its links are open to it', async () => {
    const password = await bench.device('d1');
    const connection = bench.connect({ username: 'd1@sas.localhost', password });
    await event(connection.open_sender('/devices/d1/messages/events'), 'sendable');
  });

  it('with SASL PLAIN of a policy', async () => {
    const connection = bench.connect({
      username: 'service@sas.root.localhost',
      password: bench.serviceToken('service'),
    });
    await event(connection.open_sender('/messages/devicebound'), 'sendable');
  });

  it.each([
    [
      'a wrong signature',
      'd1@sas.localhost',
      'SharedAccessSignature sr=localhost%2Fdevices%2Fd1&sig=AAAA&se=9999999999',
    ],
    ['a name of no known form', 'root', 'secret'],
  ])('when SASL PLAIN brings %s, then it is refused', async (_what, username, password) => {
    await bench.device('d1');
    const { error } = (await event(bench.connect({ username, password }), 'connection_error')) as { error?: Error };
    expect(String(error)).toMatch(/authenticate/i);
  });

  it('when the SASL layer and what follows come in one piece, then they are taken one after the other', async () => {
    const stream = bench.stream();
    const response = Buffer.from([0, 0x53, 0x41, 0xd0, 0, 0, 0, 15, 0, 0, 0, 1, 0xa3, 9, ...Buffer.from('ANONYMOUS')]);
    const init = Buffer.concat([Buffer.from([...word(response.length + 8), 2, 1, 0, 0]), response]);
    stream.write(Buffer.concat([Buffer.from('AMQP\x03\x01\x00\x00', 'latin1'), init, header, open]));
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    await expect.poll(() => Buffer.concat(chunks).includes('DeviceGateway_')).toBe(true);
  });

  it('when nothing is shown in time, then it is closed', async () => {
    const connection = bench.connect();
    await event(connection, 'connection_open');
    const closed = event(connection, 'connection_close');
    await bench.clock.advance(defaultAmqpLimits.unauthenticatedMs);
    await closed;
    expect(connection.error).toMatchObject({ condition: 'amqp:unauthorized-access' });
  });

  it('when a token was put, then it stays', async () => {
    const connection = bench.connect();
    await putToken(connection, await bench.device('d1'));
    await bench.clock.advance(defaultAmqpLimits.unauthenticatedMs * 2);
    expect(connection.is_open()).toBe(true);
  });
});

describe('silence', () => {
  it('when the peer wants to hear something, then empty frames come at half of its time', async () => {
    const stream = bench.stream();
    stream.write(
      Buffer.concat([header, frame(0, 0x10, [0xa1, 1, 0x61], [0x40], [0x40], [0x40], [0x70, ...word(4_000)])]),
    );
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    await expect.poll(() => Buffer.concat(chunks).includes('DeviceGateway_')).toBe(true);
    chunks.length = 0;
    await bench.clock.advance(2_000);
    await bench.clock.advance(2_000);
    await expect.poll(() => Buffer.concat(chunks).toString('hex')).toContain('0000000802000000');
  });

  it('when the peer is silent for longer than was agreed, then the connection ends', async () => {
    const connection = bench.connect();
    await putToken(connection, await bench.device('d1'));
    const closed = event(connection, 'connection_close');
    await bench.clock.advance(defaultAmqpLimits.idleMs);
    await closed;
    expect(connection.error).toMatchObject({ condition: 'amqp:resource-limit-exceeded' });
  });
});

describe('bytes that are not AMQP', () => {
  it('when the header is another, then the right one is said and the connection ends', async () => {
    const stream = bench.stream();
    stream.write('GET / HTTP/1.1\r\n\r\n');
    expect((await heard(stream)).toString('latin1')).toBe(header.toString('latin1'));
  });

  it.each([
    ['a frame of two thousand million bytes', Buffer.from([0x7f, 0xff, 0xff, 0xff, 2, 0, 0, 0])],
    ['a frame shorter than its own header', Buffer.from([0, 0, 0, 4, 2, 0, 0, 0])],
    ['an array of four thousand million elements', frame(0, 0x10, [0xf0, 0, 0, 0, 5, 0xff, 0xff, 0xff, 0xff, 0x41])],
    ['another frame than OPEN', begin],
    ['a second OPEN', Buffer.concat([open, open])],
    ['a transfer without a link', Buffer.concat([open, begin, frame(0, 0x14, [0x43])])],
    ['a flow for no link', Buffer.concat([open, begin, frame(0, 0x13, [0x43], [0x43], [0x43], [0x43], [0x52, 9])])],
    ['a channel without a session', Buffer.concat([open, frame(7, 0x12, [0xa1, 1, 0x61], [0x43], [0x41])])],
  ])('when there is %s, then the connection is closed with a reason', async (_what, bytes) => {
    const stream = bench.stream();
    stream.write(Buffer.concat([header, bytes]));
    expect((await heard(stream)).toString('latin1')).toMatch(/amqp:[a-z:-]+/);
    expect(bench.logged).toEqual([]);
  });

  it.each([
    ['no init', [0, 0x53, 0x43, 0x45]],
    ['an init of no mechanism', [0, 0x53, 0x41, 0x45]],
    ['PLAIN without a response', [0, 0x53, 0x41, 0xc0, 8, 1, 0xa3, 5, ...Buffer.from('PLAIN')]],
    ['PLAIN of one field', [0, 0x53, 0x41, 0xc0, 11, 2, 0xa3, 5, ...Buffer.from('PLAIN'), 0xa0, 1, 0x61]],
  ])('when the SASL layer has %s, then the connection ends', async (_what, body) => {
    const stream = bench.stream();
    stream.write(Buffer.from('AMQP\x03\x01\x00\x00', 'latin1'));
    stream.write(Buffer.from([...word(body.length + 8), 2, 1, 0, 0, ...body]));
    await heard(stream);
    expect(bench.logged).toEqual([]);
  });

  it('when numbers are fractions, negative or huge, then they are taken for absent', async () => {
    const stream = bench.stream();
    const huge = [0x82, 0x7f, 0xe0, 0, 0, 0, 0, 0, 0];
    const negative = [0x55, 0xff];
    const session = frame(0, 0x11, [0x40], huge, negative, huge);
    const attach = frame(0, 0x12, [0xa1, 1, 0x61], [0x43], [0x42], huge, negative, [0x40], [0x40]);
    const flow = frame(0, 0x13, huge, negative, huge, huge, [0x40], huge, huge, [0x40], [0x42], [0x41]);
    stream.write(Buffer.concat([header, open, session, attach, flow, frame(0, 0x18)]));
    expect((await heard(stream)).at(-1)).toBe(0x45);
    expect(bench.logged).toEqual([]);
  });

  it('when a disposition names four thousand million deliveries, then nothing comes to a stop', async () => {
    const stream = bench.stream();
    stream.write(
      Buffer.concat([header, open, begin, frame(0, 0x15, [0x41], [0x43], [0x70, 0xff, 0xff, 0xff, 0xff], [0x41])]),
    );
    stream.write(frame(0, 0x18));
    expect((await heard(stream)).at(-1)).toBe(0x45);
  });

  it('when anything comes, then the front goes on', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 6 }), async (chunks) => {
        const stream = bench.stream();
        stream.on('error', () => undefined).resume();
        stream.write(Buffer.concat([header, open, begin]));
        for (const chunk of chunks) {
          const size = Buffer.from(word(chunk.length + 8));
          stream.write(Buffer.concat([size, Buffer.from([2, 0, 0, 0]), chunk]));
        }
        await new Promise((resolve) => setImmediate(resolve));
        stream.destroy();
      }),
      { numRuns: 300 },
    );
    expect(bench.logged).toEqual([]);
    await event(bench.connect(), 'connection_open');
  });
});

describe('limits', () => {
  it('when a connection has too many links, then the next is refused', () =>
    withLimits({ links: 4 }, async (limited) => {
      const connection = limited.connect();
      await putToken(connection, await limited.device('d1'));
      const address = '/devices/d1/messages/events';
      for (let index = 0; index < 4; index++) await event(connection.open_sender(address), 'sender_open');
      const refused = connection.open_sender(address);
      await event(refused, 'sender_error');
      expect(refused.error).toMatchObject({ condition: 'com.microsoft:quota-exceeded' });
    }));

  it('when there are too many sessions, then the connection ends', () =>
    withLimits({ sessions: 2 }, async (limited) => {
      const connection = limited.connect();
      for (let index = 0; index < 3; index++) connection.create_session().begin();
      await event(connection, 'connection_close');
      expect(connection.error).toMatchObject({ condition: 'amqp:resource-limit-exceeded' });
    }));

  it('when a message is larger than the link takes, then the link ends', async () => {
    const connection = bench.connect();
    await putToken(connection, await bench.device('d1'));
    const sender = connection.open_sender('/devices/d1/messages/events');
    await event(sender, 'sendable');
    sender.send({ body: rhea.message.data_section(Buffer.alloc(400 * 1024)) });
    await event(sender, 'sender_error');
    expect(sender.error).toMatchObject({ condition: 'amqp:link:message-size-exceeded' });
  });

  it('when a link has an address nobody serves, then it is refused with the hub’s own number', async () => {
    const refused = bench.connect().open_receiver('/nowhere');
    await event(refused, 'receiver_error');
    expect(refused.error).toMatchObject({ condition: 'amqp:not-found' });
    const { description } = refused.error as { description: string };
    expect(JSON.parse(description)).toMatchObject({
      errorCode: 404006,
      trackingId: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
  });
});

describe('the end of the front', () => {
  it('when it closes with messages on their way to disk, then those that are stored are accepted', () =>
    withLimits({}, async (own) => {
      const connection = own.connect();
      await putToken(connection, await own.device('d1'));
      const sender = connection.open_sender('/devices/d1/messages/events');
      await event(sender, 'sendable');
      let accepted = 0;
      sender.on('accepted', () => accepted++);
      for (let index = 0; index < 300; index++) sender.send({ body: String(index) });
      await expect.poll(() => accepted).toBeGreaterThan(0);
      for (let index = 0; index < 300; index++) sender.send({ body: String(index) });
      const closed = event(connection, 'connection_close');
      const closing = own.front.close();
      await closed;
      await own.clock.advance(defaultAmqpLimits.lingerMs);
      await closing;
      let stored = 0;
      for await (const { messages } of own.telemetry.read({ from: 'earliest', follow: false, devices: ['d1'] }))
        stored += messages.filter((message) => message.sender.source === 'Telemetry').length;
      expect(accepted).toBe(stored);
    }));

  it('when it closes, then every peer hears why', () =>
    withLimits({}, async (own) => {
      const { front, clock } = own;
      const connection = own.connect();
      await putToken(connection, await own.device('d1'));
      const closed = event(connection, 'connection_close');
      const closing = front.close();
      await closed;
      await clock.advance(defaultAmqpLimits.lingerMs);
      await closing;
      expect(connection.error).toMatchObject({ condition: 'amqp:link:detach-forced' });
      expect(front.size).toBe(0);
    }));
});
