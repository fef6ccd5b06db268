/** Messages to devices and what the hub tells about them, as a back end has them over AMQP. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServiceChannel } from '../../src/client/amqp/create-channel.ts';
import type { CloudMessage, FeedbackRecord, ServiceChannel } from '../../src/client/amqp/channel.ts';
import type { LinkEvent } from '../../src/client/index.ts';
import type { KeyConnection } from '../../src/config/profile.ts';
import { realClock } from '../support/real-clock.ts';
import { connectionTo, eventually, startTestHub, type TestHub } from './test-hub.ts';

const text = (body: string, more: Partial<CloudMessage> = {}): CloudMessage => ({ body: Buffer.from(body), ...more });

describe('the channel of a back end', () => {
  let hub: TestHub;
  const open: ServiceChannel[] = [];
  beforeAll(async () => {
    hub = await startTestHub();
    await hub.provision(['d1', 'd2', 'full']);
  });
  afterAll(async () => {
    for (const each of open) await each.close();
    await hub.close();
  });

  function connection(more: Partial<KeyConnection> = {}): KeyConnection {
    const { info } = hub;
    const amqpUrl = `amqps://127.0.0.1:${info.ports.amqps}`;
    return { ...connectionTo(info, `https://127.0.0.1:${info.ports.https}`), amqpUrl, ...more };
  }

  function channel(more: Partial<KeyConnection> = {}): ServiceChannel {
    const made = createServiceChannel(connection(more), { clock: realClock, random: () => 0 });
    open.push(made);
    return made;
  }

  async function waiting(deviceId: string): Promise<number> {
    return (await hub.client.twins.get(deviceId)).cloudToDeviceMessageCount;
  }

  /** Empties a queue; whoever asked hears of it. */
  async function purge(deviceId: string): Promise<void> {
    const { info } = hub;
    const { createAuthorizer } = await import('../../src/client/authorization.ts');
    const { value } = await createAuthorizer(connection(), { clock: realClock }).authorize();
    const answer = await fetch(
      `http://127.0.0.1:${info.ports.http}/devices/${deviceId}/commands?api-version=2021-04-12`,
      { method: 'DELETE', headers: { authorization: value } },
    );
    expect(answer.status).toBe(200);
  }

  it.each([
    ['TLS', {}],
    ['a WebSocket', { amqpWebSockets: 'always' }],
  ] as const)(
    'when messages are sent over %s, one after the other and at once, then each is queued',
    async (_way, more) => {
      const sender = channel(more);
      const before = await waiting('d1');
      await sender.send(
        'd1',
        text('one', { messageId: 'm-1', properties: { colour: 'red' }, contentType: 'text/plain' }),
      );
      await Promise.all([sender.send('d1', text('two')), sender.send('d1', text('three'))]);
      expect(await waiting('d1')).toBe(before + 3);
    },
  );

  it('when the device is not there, then that is the failure', async () => {
    await expect(channel().send('nobody', text('x'))).rejects.toMatchObject({ code: 'device-not-found' });
  });

  it('when the queue of a device is full, then that is the failure, and the next message to another goes through', async () => {
    const sender = channel();
    await Promise.all(Array.from({ length: 50 }, (_, index) => sender.send('full', text(String(index)))));
    await expect(sender.send('full', text('more'))).rejects.toMatchObject({ code: 'quota-exceeded' });
    await sender.send('d2', text('x'));
    expect(await waiting('d2')).toBe(1);
  });

  it('when the key is wrong or its policy lacks the right, then that is the failure', async () => {
    const wrong = channel({ sharedAccessKey: Buffer.alloc(32).toString('base64') });
    await expect(wrong.send('d1', text('x'))).rejects.toMatchObject({ code: 'not-authorised' });
  });

  it('when nothing listens, or another server does, then that is the failure', async () => {
    await expect(channel({ amqpUrl: 'amqp://127.0.0.1:1' }).send('d1', text('x'))).rejects.toMatchObject({
      code: 'hub-unreachable',
    });
    const web = channel({ amqpUrl: `amqp://127.0.0.1:${hub.info.ports.http}` });
    await expect(web.send('d1', text('x'))).rejects.toMatchObject({ code: 'hub-unreachable' });
  });

  it('when the certificate is of nobody it trusts, then that is the failure', async () => {
    const { caFile: _, ...untrusting } = connection({ amqpWebSockets: 'never' });
    const sender = createServiceChannel(untrusting, { clock: realClock, random: () => 0 });
    open.push(sender);
    await expect(sender.send('d1', text('x'))).rejects.toMatchObject({ code: 'tls-untrusted' });
  });

  it('when the hub restarts, then the next message goes over a new connection', async () => {
    const sender = channel();
    await sender.send('d2', text('before'));
    await hub.restart();
    await eventually(() => sender.send('d2', text('after')));
    expect(await waiting('d2')).toBeGreaterThanOrEqual(3);
  });

  it('when a sender asked, then the outcome is read; over a restart of the hub too', async () => {
    const links: LinkEvent['kind'][] = [];
    const end = new AbortController();
    const ready = Promise.withResolvers<void>();
    const found: FeedbackRecord[] = [];
    const reader = channel();
    const reading = (async () => {
      for await (const records of reader.feedback({
        signal: end.signal,
        onReady: () => ready.resolve(),
        onLink: ({ kind }) => links.push(kind),
      }))
        found.push(...records);
    })();
    await ready.promise;
    await hub.restart();
    await eventually(async () => expect(links).toContain('restored'));
    // 64 records are a batch, which is given out at once: 50 and 14 of them.
    const sender = channel();
    for (const count of [50, 14]) {
      await purge('d1');
      await Promise.all(
        Array.from({ length: count }, (_, index) =>
          sender.send('d1', text('x', { messageId: `${count}-${index}`, ack: 'full' })),
        ),
      );
    }
    await purge('d1');
    await eventually(async () => expect(found).toHaveLength(64));
    expect(found[0]).toMatchObject({ originalMessageId: '50-0', deviceId: 'd1', statusCode: 'Purged' });
    end.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
    expect([links[0], links.at(-1)]).toEqual(['lost', 'restored']);
  });

  it('when the first link fails, then listening fails at once', async () => {
    const wrong = channel({ sharedAccessKey: Buffer.alloc(32).toString('base64') });
    const listening = async (): Promise<void> => {
      for await (const _ of wrong.feedback()) break;
    };
    await expect(listening()).rejects.toMatchObject({ code: 'not-authorised' });
  });
});
