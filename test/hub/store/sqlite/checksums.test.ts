import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { openRegistryStore } from '../../../../src/hub/store/sqlite/index.ts';
import { deviceRecord } from './records.ts';
import { temporaryDatabase } from './temporary-directory.ts';

async function damaged(...statements: readonly string[]) {
  const file = temporaryDatabase();
  const first = await openRegistryStore({ file });
  await first.write([{ kind: 'insert', record: deviceRecord('a', { tags: { site: 'oslo' } }) }]);
  await first.documents.write([{ kind: 'put', collection: 'c', id: 'x', value: { n: 1 } }]);
  await first.writeSetting('s', { n: 1 });
  await first.close();
  const other = new DatabaseSync(file);
  for (const statement of statements) other.exec(statement);
  other.close();
  return openRegistryStore({ file });
}

test('when a row is what was written, then it is read; what is not counted as content may change', async () => {
  const store = await damaged("update identities set connection_state = 'Connected', last_activity_time = 7");
  expect(await store.read('a')).toMatchObject({ tags: { site: 'oslo' }, lastActivityTime: 7 });
  expect(await store.documents.get('c', 'x')).toEqual({ n: 1 });
  expect(await store.readSetting('s')).toEqual({ n: 1 });
  await store.close();
});

test.each([
  ['a tag', `update twins set tags = '{"site":"osla"}'`],
  ['a key', "update identities set primary_key = 'b2V5LW9uZS1rZXktb25l'"],
  ['a status', "update identities set status = 'disabled'"],
  ['a version', 'update twins set desired_version = 8'],
])('when %s is another than what was written, then the record is refused and not served', async (_what, statement) => {
  const store = await damaged(statement);
  await expect(store.read('a')).rejects.toMatchObject({ code: 'data-unusable', hint: 'iotctl hub verify' });
  await expect(store.list(10)).rejects.toMatchObject({ code: 'data-unusable' });
  await store.close();
});

test('when a document or a setting is another than what was written, then it is refused', async () => {
  const store = await damaged(`update documents set value = '{"n":2}'`, `update settings set value = '{"n":2}'`);
  await expect(store.documents.get('c', 'x')).rejects.toMatchObject({ code: 'data-unusable' });
  await expect(store.documents.list('c', { limit: 9 })).rejects.toMatchObject({ code: 'data-unusable' });
  await expect(store.readSetting('s')).rejects.toMatchObject({ code: 'data-unusable' });
  await store.close();
});

test('when a row has no checksum, as in files of older versions, then it is read, and has one after the next write', async () => {
  const store = await damaged(
    'update twins set checksum = null',
    'update documents set checksum = null',
    'update settings set checksum = null',
  );
  const record = await store.read('a');
  expect(record).toMatchObject({ deviceId: 'a' });
  expect(await store.documents.get('c', 'x')).toEqual({ n: 1 });
  expect(await store.readSetting('s')).toEqual({ n: 1 });
  await store.close();
});
