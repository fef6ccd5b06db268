import { describe, expect, test } from 'vitest';
import { connectHub } from '../../src/client/index.ts';
import { isFailure, type Failure } from '../../src/errors/index.ts';
import type { Hub } from '../../src/fleet/ports.ts';
import { json, loseReply, quickClock, refusal, scriptedHub, type testConnection } from './scripted-hub.ts';

function connect(connection: typeof testConnection): Hub {
  return connectHub(connection, { clock: quickClock(), random: () => 0.5 });
}

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const error = await work.catch((reason: unknown) => reason);
  if (isFailure(error)) return error;
  throw new Error('no failure came', { cause: error });
}

const queue = { state: 'queued', bodies: false } as const;

describe('queues of devices', () => {
  test('when a queue is read, then ids are encoded once and the request says what is wanted', async () => {
    await using hub = await scriptedHub(json(200, { messages: [] }));
    const { messages } = connect(hub.connection);
    expect(await messages.list('a%b#1/m?2', { state: 'dead', bodies: true, limit: 3 })).toEqual([]);
    const [request] = hub.requests;
    expect(request?.method).toBe('GET');
    expect(request?.url.pathname).toBe('/iotctl/devices/a%25b%231/modules/m%3F2/messages');
    expect(Object.fromEntries(request?.url.searchParams ?? [])).toMatchObject({
      state: 'dead',
      body: 'true',
      top: '3',
    });
  });

  test('when dead letters are requeued, then their numbers are sent, or none for all', async () => {
    await using hub = await scriptedHub(json(200, { requeued: 2 }));
    const { messages } = connect(hub.connection);
    expect(await messages.requeue('d1', [4, 7])).toBe(2);
    await messages.requeue('d1', undefined);
    expect(hub.requests.map(({ url, body }) => [url.pathname, JSON.parse(body) as unknown])).toEqual([
      ['/iotctl/devices/d1/messages/requeue', { sequenceNumbers: [4, 7] }],
      ['/iotctl/devices/d1/messages/requeue', {}],
    ]);
  });

  test('when the answer to a requeue is lost, then it is not asked again: the number would be wrong', async () => {
    await using hub = await scriptedHub(loseReply, json(200, { requeued: 0 }));
    expect(await failureOf(connect(hub.connection).messages.requeue('d1', undefined))).toMatchObject({
      code: 'hub-unreachable',
    });
    expect(hub.requests).toHaveLength(1);
  });

  test.each([
    ['d 1', '/devices/d%201/commands'],
    ['d1/m1', '/devices/d1/modules/m1/commands'],
  ])('when the queue of %s is purged, then it is plain REST and the answer is a number', async (identity, path) => {
    await using hub = await scriptedHub(json(200, { deviceId: 'd1', moduleId: null, totalMessagesPurged: 5 }));
    expect(await connect(hub.connection).messages.purge(identity)).toBe(5);
    expect(hub.requests.map(({ method, url }) => [method, url.pathname])).toEqual([['DELETE', path]]);
  });

  test('when the device is not there, then that is said', async () => {
    await using hub = await scriptedHub(refusal(404, 'DeviceNotFound', 'There is no such device'));
    const { messages } = connect(hub.connection);
    expect(await failureOf(messages.purge('d1'))).toMatchObject({ code: 'device-not-found' });
    expect(await failureOf(messages.list('d1', queue))).toMatchObject({ code: 'device-not-found' });
  });

  test('when the hub is one in the cloud, then it is not asked to show a queue', async () => {
    await using hub = await scriptedHub(json(200, {}));
    const { messages } = connect({ ...hub.connection, kind: 'cloud' });
    for (const work of [messages.list('d1', queue), messages.requeue('d1', undefined)]) {
      const failure = await failureOf(work);
      expect(failure).toMatchObject({ code: 'unsupported' });
      expect(failure.hint).toContain('iotctl message purge');
    }
    expect(hub.requests).toHaveLength(0);
  });

  test('when a hub has nothing at the address, then it is one that shows no queues', async () => {
    await using hub = await scriptedHub(refusal(404, 'NotFound', 'There is nothing at this address.'));
    expect(await failureOf(connect(hub.connection).messages.list('d1', queue))).toMatchObject({ code: 'unsupported' });
  });
});
