import { afterAll, beforeAll, expect, test } from 'vitest';
import { openHttp, type HttpFixture } from '../../support/http-fixture.ts';

let fixture: HttpFixture;

beforeAll(async () => {
  fixture = await openHttp();
});

afterAll(() => fixture.close());

const path = (name: string): string => `/iotctl/records/${name}`;

test('a record is created, read, replaced by its etag and removed', async () => {
  const created = await fixture.call('PUT', path('rollouts/Pump-2/state'), {
    body: { n: 1 },
    headers: { 'if-none-match': '*' },
    version: null,
  });
  expect(created).toMatchObject({ status: 200, body: { name: 'rollouts/Pump-2/state' } });
  const { etag } = created.body as { etag: string };
  expect(created.headers['etag']).toBe(`"${etag}"`);

  const read = await fixture.call('GET', path('rollouts/Pump-2/state'));
  expect(read).toMatchObject({ status: 200, body: { name: 'rollouts/Pump-2/state', etag, value: { n: 1 } } });
  expect(read.headers['etag']).toBe(`"${etag}"`);

  const again = { body: { n: 2 }, headers: { 'if-none-match': '*' } };
  expect((await fixture.call('PUT', path('rollouts/Pump-2/state'), again)).status).toBe(412);
  const replaced = await fixture.call('PUT', path('rollouts/Pump-2/state'), {
    body: { n: 2 },
    headers: { 'if-match': `"${etag}"` },
  });
  expect(replaced.status).toBe(200);
  const stale = { body: { n: 3 }, headers: { 'if-match': `"${etag}"` } };
  expect((await fixture.call('PUT', path('rollouts/Pump-2/state'), stale)).status).toBe(412);
  expect((await fixture.call('DELETE', path('rollouts/Pump-2/state'), { headers: { 'if-match': etag } })).status).toBe(
    412,
  );
  expect((await fixture.call('DELETE', path('rollouts/Pump-2/state'))).status).toBe(204);
  expect((await fixture.call('DELETE', path('rollouts/Pump-2/state'))).status).toBe(404);
  expect((await fixture.call('GET', path('rollouts/Pump-2/state'))).headers['iothub-errorcode']).toBe('NotFound');
});

test('records are listed by prefix, page by page', async () => {
  for (const name of ['l/a', 'l/b', 'l/c', 'm']) await fixture.call('PUT', path(name), { body: { name } });
  const first = await fixture.call('GET', '/iotctl/records?prefix=l/&limit=2');
  expect(first.body).toMatchObject({
    records: [{ name: 'l/a', value: { name: 'l/a' } }, { name: 'l/b' }],
    next: 'l/b',
  });
  const second = await fixture.call('GET', '/iotctl/records?prefix=l/&limit=2&after=l/b');
  expect(second.body).toMatchObject({ records: [{ name: 'l/c' }], next: null });
  expect((await fixture.call('GET', '/iotctl/records?limit=0')).status).toBe(400);
});

test('the longest name is one, and names that are none are refused', async () => {
  const longest = Array.from({ length: 8 }, () => 'x'.repeat(128)).join('/');
  expect((await fixture.call('PUT', path(longest), { body: {} })).status).toBe(200);
  expect((await fixture.call('GET', path(longest))).status).toBe(200);
  for (const name of ['a%2F..%2Fb', 'a b', `${longest}/9`, '%00', 'a%5Cb'])
    expect([name, (await fixture.call('PUT', path(name), { body: {} })).status]).toEqual([name, 400]);
});

test('plus signs and the case of names are kept', async () => {
  await fixture.call('PUT', path('case/A%2Bb@c'), { body: {} });
  const list = await fixture.call('GET', '/iotctl/records?prefix=case/');
  expect(list.body.records.map(({ name }: { name: string }) => name)).toEqual(['case/A+b@c']);
  expect((await fixture.call('GET', path('case/a%2Bb@c'))).status).toBe(404);
});

test('what is no JSON object is refused, and so is what is too large', async () => {
  for (const body of ['', 'no', '[1]', 'null', '{"__proto__":1}'])
    expect([body, (await fixture.call('PUT', path('bad'), { body })).status]).toEqual([body, 400]);
  const large = { text: 'x'.repeat(4 * 1024 * 1024) };
  expect((await fixture.call('PUT', path('bad'), { body: large })).status).toBe(413);
});
