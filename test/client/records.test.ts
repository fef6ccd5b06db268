import { describe, expect, test } from 'vitest';
import { createServiceClient } from '../../src/client/http/service-client.ts';
import { createRecordStore, type RecordStore } from '../../src/client/records.ts';
import { collect, json, loseReply, quickClock, refusal, scriptedHub, type ScriptedHub } from './scripted-hub.ts';

function storeOf(hub: ScriptedHub): RecordStore {
  return createRecordStore(createServiceClient(hub.connection, { clock: quickClock(), random: () => 0.5 }));
}

const changed = refusal(412, 'PreconditionFailed', "The record 'a' was changed.");
const missing = refusal(404, 'NotFound', "There is no record 'a'.");

function record(name: string): object {
  return { name, etag: 'e', value: {} };
}

describe('records over the network', () => {
  test('when one is not there, then reading answers undefined', async () => {
    await using hub = await scriptedHub(missing);
    await expect(storeOf(hub).read('a')).resolves.toBeUndefined();
  });

  test('when a hub has no records, then that is said', async () => {
    await using hub = await scriptedHub(refusal(404, 'NotFound', 'There is nothing at this address.'));
    await expect(storeOf(hub).read('a')).rejects.toMatchObject({ code: 'unsupported' });
  });

  test.each([
    ['none', { 'if-none-match': '*' }],
    ['abc', { 'if-match': '"abc"' }],
    [undefined, {}],
  ])('when it is written on the etag %s, then the request says so', async (etag, headers) => {
    await using hub = await scriptedHub(json(200, { name: 'a/b', etag: 'e' }));
    await expect(storeOf(hub).write('a/b', { n: 1 }, etag === undefined ? {} : { etag })).resolves.toBe('e');
    expect(hub.requests[0]?.headers).toMatchObject(headers);
    expect(hub.requests[0]?.url.pathname).toBe('/iotctl/records/a/b');
    expect(hub.requests[0]?.body).toBe('{"n":1}');
  });

  test('when somebody else changed it, then the write fails', async () => {
    await using hub = await scriptedHub(changed, json(200, { name: 'a', etag: 'e', value: { n: 1 } }));
    await expect(storeOf(hub).write('a', { n: 1 }, { etag: 'x' })).rejects.toMatchObject({ code: 'changed-meanwhile' });
    expect(hub.requests).toHaveLength(1);
  });

  test('when the answer of a write was lost and its value is there, then it was written', async () => {
    const there = json(200, { name: 'a', etag: 'mine', value: { b: 2, a: 1 } });
    await using hub = await scriptedHub(loseReply, changed, there);
    await expect(storeOf(hub).write('a', { a: 1, b: 2 }, { etag: 'x' })).resolves.toBe('mine');
  });

  test.each([
    ['another value', json(200, { name: 'a', etag: 'theirs', value: { a: 2 } })],
    ['nothing', missing],
  ])('when the answer of a write was lost and %s is there, then it was changed meanwhile', async (_, there) => {
    await using hub = await scriptedHub(loseReply, changed, there);
    await expect(storeOf(hub).write('a', { a: 1 }, { etag: 'none' })).rejects.toMatchObject({
      code: 'changed-meanwhile',
    });
  });

  test('when the answer of a removal was lost, then nothing there is what was wanted', async () => {
    await using hub = await scriptedHub(loseReply, missing);
    await storeOf(hub).remove('a');
    await expect(storeOf(hub).remove('a')).rejects.toMatchObject({ code: 'not-found' });
  });

  test('when a list has pages, then all are read', async () => {
    await using hub = await scriptedHub(
      json(200, { records: [record('l/a')], next: 'l/a' }),
      json(200, { records: [record('l/b')], next: null }),
    );
    const names = (await collect(storeOf(hub).list('l/'))).map(({ name }) => name);
    expect(names).toEqual(['l/a', 'l/b']);
    expect(hub.requests.map(({ url }) => url.searchParams.get('after'))).toEqual([null, 'l/a']);
  });

  test('when a name or a value cannot be kept, then nothing is sent', async () => {
    await using hub = await scriptedHub(json(200, {}));
    const store = storeOf(hub);
    await expect(store.write('../a', {})).rejects.toMatchObject({ code: 'invalid-value' });
    await expect(store.read('a//b')).rejects.toMatchObject({ code: 'invalid-value' });
    await expect(store.write('a', { t: 'x'.repeat(4 << 20) })).rejects.toMatchObject({ code: 'invalid-input' });
    expect(hub.requests).toEqual([]);
  });
});
