import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RegistryStore } from '../../../../src/hub/core/ports.ts';
import { openRegistryStore } from '../../../../src/hub/store/sqlite/index.ts';
import { deviceRecord, section } from './records.ts';
import { temporaryDatabase } from './temporary-directory.ts';

let store: RegistryStore;

beforeEach(async () => {
  store = await openRegistryStore({ file: ':memory:' });
});

afterEach(() => store.close());

const insert = (deviceId: string) => ({ kind: 'insert', record: deviceRecord(deviceId) }) as const;

describe('write', () => {
  test('when a device is inserted, then it is read back as it was, to the last member', async () => {
    const record = deviceRecord('pump-1', {
      statusReason: "it's off",
      status: 'disabled',
      iotEdge: true,
      primaryThumbprint: 'AB',
      tags: { site: 'é😀', n: 1.5, list: [1, 'a', true], inner: { deep: {} } },
      desired: section({ interval: 5 }),
      reported: section({ link: 'wifi' }),
      lastActivityTime: 1_700_000_000_123,
      connectionState: 'Connected',
    });
    expect(await store.write([{ kind: 'insert', record }])).toEqual(['applied']);
    expect(await store.read('pump-1')).toEqual(record);
    expect(await store.read('PUMP-1')).toBeUndefined();
  });

  test('when changes compare with what is stored, then each has its own outcome and the others stand', async () => {
    await store.write([insert('a'), insert('b')]);
    const replaced = deviceRecord('a', { revision: 2, tags: { site: 'x' } });
    const outcomes = await store.write([
      insert('a'),
      { kind: 'replace', record: replaced, expected: 1 },
      { kind: 'replace', record: deviceRecord('a', { revision: 3 }), expected: 1 },
      { kind: 'replace', record: deviceRecord('zz', { revision: 2 }), expected: 1 },
      { kind: 'delete', identity: 'b', expected: 9 },
      { kind: 'delete', identity: 'b', expected: 1 },
      { kind: 'delete', identity: 'b', expected: 1 },
      insert('c'),
    ]);
    expect(outcomes).toEqual(['exists', 'applied', 'stale', 'missing', 'stale', 'applied', 'missing', 'applied']);
    expect((await store.read('a'))?.tags).toEqual({ site: 'x' });
    expect((await store.list(10)).map((record) => record.deviceId)).toEqual(['a', 'c']);
  });

  test('when two writers race for one revision, then exactly one wins', async () => {
    await store.write([insert('a')]);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        store.write([{ kind: 'replace', record: deviceRecord('a', { revision: 2, tags: { index } }), expected: 1 }]),
      ),
    );
    expect(outcomes.flat().filter((outcome) => outcome === 'applied')).toHaveLength(1);
    expect(outcomes.flat().filter((outcome) => outcome === 'stale')).toHaveLength(19);
  });

  test('when a record is replaced, then the connection columns keep what touch wrote', async () => {
    await store.write([insert('a')]);
    await store.touch([{ identity: 'a', lastActivityTime: 500, connectionState: 'Connected' }]);
    await store.write([
      { kind: 'replace', record: deviceRecord('a', { revision: 2, status: 'disabled' }), expected: 1 },
    ]);
    expect(await store.read('a')).toMatchObject({
      status: 'disabled',
      connectionState: 'Connected',
      connectionStateUpdatedTime: 500,
      lastActivityTime: 500,
    });
  });

  test('when nothing is written, then nothing is committed', async () => {
    expect(await store.write([])).toEqual([]);
    await expect(store.touch([])).resolves.toBeUndefined();
  });

  test('when a device holds names that are special to JavaScript, then they are only names', async () => {
    const tags = JSON.parse('{"__proto__":{"polluted":true},"constructor":1}');
    await store.write([{ kind: 'insert', record: deviceRecord('a', { tags }) }]);
    const read = await store.read('a');
    expect(JSON.stringify(read?.tags)).toBe('{"__proto__":{"polluted":true},"constructor":1}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('reading many', () => {
  test('when ids are given, then those that exist are found, whatever the ids look like', async () => {
    await store.write([insert('a'), insert("o'x"), insert('"')]);
    const found = await store.readMany(['a', "o'x", '"', 'missing', 'a']);
    expect([...found.keys()].toSorted()).toEqual(['"', 'a', "o'x"]);
    expect(await store.readMany([])).toEqual(new Map());
  });

  test('when devices are listed, then they come in order and no more than asked', async () => {
    await store.write([insert('b'), insert('a'), insert('B')]);
    expect((await store.list(2)).map((record) => record.deviceId)).toEqual(['B', 'a']);
  });

  test('when devices are counted, then by status and connection', async () => {
    expect(await store.counts()).toEqual({ total: 0, enabled: 0, connected: 0 });
    await store.write([
      insert('a'),
      insert('b'),
      { kind: 'insert', record: deviceRecord('c', { status: 'disabled' }) },
    ]);
    await store.touch([{ identity: 'a', lastActivityTime: 1, connectionState: 'Connected' }]);
    expect(await store.counts()).toEqual({ total: 3, enabled: 2, connected: 1 });
  });
});

describe('activity', () => {
  test('when activity comes out of order, then the last one stands and the state is the newest written', async () => {
    await store.write([insert('a'), insert('b')]);
    await store.touch([
      { identity: 'a', lastActivityTime: 900 },
      { identity: 'a', lastActivityTime: 100 },
      { identity: 'b', lastActivityTime: 7, connectionState: 'Connected' },
      { identity: 'gone', lastActivityTime: 5, connectionState: 'Connected' },
    ]);
    expect(await store.read('a')).toMatchObject({
      lastActivityTime: 900,
      connectionState: 'Disconnected',
      revision: 1,
    });
    expect(await store.read('b')).toMatchObject({
      lastActivityTime: 7,
      connectionState: 'Connected',
      connectionStateUpdatedTime: 7,
    });
    expect(await store.read('gone')).toBeUndefined();
  });

  test('when the hub starts, then those who were connected are not, since now', async () => {
    await store.write([insert('a'), { kind: 'insert', record: deviceRecord('b', { connectionStateUpdatedTime: 3 }) }]);
    await store.touch([{ identity: 'a', lastActivityTime: 5, connectionState: 'Connected' }]);
    await store.disconnectAll(77);
    expect(await store.read('a')).toMatchObject({
      connectionState: 'Disconnected',
      connectionStateUpdatedTime: 77,
      lastActivityTime: 5,
    });
    expect(await store.read('b')).toMatchObject({ connectionState: 'Disconnected', connectionStateUpdatedTime: 3 });
  });
});

describe('settings and sessions', () => {
  test('when a setting is written, then it is read back, and written over', async () => {
    expect(await store.readSetting('policies')).toBeUndefined();
    await store.writeSetting('policies', { a: [1, null] });
    await store.writeSetting('policies', { a: [2, null] });
    expect(await store.readSetting('policies')).toEqual({ a: [2, null] });
  });

  test('when a session is stored, then it lasts until it is cleared or its device is deleted', async () => {
    const filters = [
      { filter: 'x/#', qos: 1 },
      { filter: 'y', qos: 0 },
    ] as const;
    await store.write([insert('a'), insert('b')]);
    await store.writeSession('a', [{ filter: '$iothub/methods/POST/#', qos: 1 }]);
    await store.writeSession('a', filters);
    await store.writeSession('b', []);
    expect(await store.readSession('a')).toEqual(filters);
    expect(await store.readSession('b')).toEqual([]);
    await store.writeSession('b', undefined);
    expect(await store.readSession('b')).toBeUndefined();
    await store.write([{ kind: 'delete', identity: 'a', expected: 1 }, insert('a')]);
    expect(await store.readSession('a')).toBeUndefined();
  });

  test('when a session is stored for a device that is not there, then nothing is left behind', async () => {
    await store.writeSession('ghost', [{ filter: 'x', qos: 0 }]);
    await store.write([insert('ghost')]);
    expect(await store.readSession('ghost')).toBeUndefined();
  });
});

describe('close and restart', () => {
  test('when the store is closed and opened again, then everything is there', async () => {
    const file = temporaryDatabase();
    const first = await openRegistryStore({ file });
    await first.write([insert('a')]);
    await first.writeSetting('name', 'hub');
    await first.writeSession('a', [{ filter: 'x', qos: 1 }]);
    await first.touch([{ identity: 'a', lastActivityTime: 9, connectionState: 'Connected' }]);
    const before = await first.read('a');
    await first.close();
    const second = await openRegistryStore({ file });
    expect(await second.read('a')).toEqual(before);
    expect(await second.readSetting('name')).toBe('hub');
    expect(await second.readSession('a')).toEqual([{ filter: 'x', qos: 1 }]);
    await second.close();
  });

  test('when the store is closed with writes under way, then they are finished first and later ones refused', async () => {
    const file = temporaryDatabase();
    const first = await openRegistryStore({ file });
    const writes = Array.from({ length: 50 }, (_, index) => first.write([insert(`d-${index}`)]));
    await Promise.all([first.close(), first.close()]);
    expect((await Promise.all(writes)).flat()).toEqual(Array.from({ length: 50 }, () => 'applied'));
    await expect(first.write([insert('late')])).rejects.toThrow('closed');
    await expect(first.read('d-1')).rejects.toThrow('closed');
    const second = await openRegistryStore({ file });
    expect(await second.counts()).toMatchObject({ total: 50 });
    await second.close();
  });
});
