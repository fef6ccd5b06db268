import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createArtifactFiles } from '../../../../src/hub/store/artifacts/index.ts';
import { createSasToken } from '../../../../src/protocol/sas-token.ts';
import { deviceToken } from '../../../support/core-fixture.ts';
import { openHttp, type Answer, type HttpFixture } from '../../../support/http-fixture.ts';

let directory: string;
let store: string;
let fixture: HttpFixture;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'iotctl-artifacts-'));
  store = join(directory, 'artifacts');
  fixture = await openHttp({ artifacts: createArtifactFiles(store), withLog: false });
});

afterEach(async () => {
  fixture.errors.length = 0;
  await rm(store, { recursive: true, force: true });
});

afterAll(async () => {
  await fixture.close();
  await rm(directory, { recursive: true, force: true });
});

const content = Buffer.from('0123456789abcdef');
const name = sha256(content);

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function path(sha = name): string {
  return `/iotctl/artifacts/${sha}`;
}

function put(bytes: Buffer = content, sha = sha256(bytes)): Promise<Answer> {
  return fixture.call('PUT', path(sha), { body: bytes });
}

function get(headers: Record<string, string> = {}, url = path()): Promise<Answer> {
  return fixture.call('GET', url, { headers, version: null });
}

async function signed(sha = name, lifeMs = 60_000): Promise<URL> {
  const answer = await fixture.call('POST', `${path(sha)}/sign`, { body: { expiresAt: fixture.clock.now() + lifeMs } });
  expect(answer.status).toBe(200);
  return new URL(answer.body.url);
}

/** Without any other credential. */
async function fetchSigned(pathAndQuery: string): Promise<number> {
  return (await fixture.call('GET', pathAndQuery, { policy: null, version: null })).status;
}

describe('an artifact', () => {
  test('when it was brought, then it is found, listed and served under its digest', async () => {
    const stored = await put();
    expect(stored).toMatchObject({ status: 201, body: { sha256: name, size: 16 } });
    expect(await readdir(store)).toEqual([name]);
    const served = await get();
    expect(served).toMatchObject({ status: 200, text: content.toString() });
    expect(served.headers).toMatchObject({
      etag: `"${name}"`,
      'accept-ranges': 'bytes',
      'content-length': '16',
      'content-type': 'application/octet-stream',
      'cache-control': 'private, no-transform',
    });
    const found = await fixture.front.app.inject({
      method: 'HEAD',
      url: path(),
      headers: { authorization: fixture.serviceToken() },
    });
    expect(found).toMatchObject({ statusCode: 200, body: '' });
    expect(found.headers).toMatchObject({ 'content-length': '16', 'x-iotctl-stored-at': stored.body.storedAt });
    expect((await fixture.call('GET', '/iotctl/artifacts')).body).toEqual({ artifacts: [stored.body], next: null });
  });

  test('when it is not there, then everything says so', async () => {
    for (const answer of [
      await get(),
      await fixture.call('POST', `${path()}/sign`, { body: { expiresAt: Date.now() * 2 } }),
    ])
      expect(answer.status).toBeGreaterThanOrEqual(400);
    expect((await get()).headers['iothub-errorcode']).toBe('ArtifactNotFound');
    expect((await fixture.call('GET', '/iotctl/artifacts')).body).toEqual({ artifacts: [], next: null });
  });

  test('when there are many, then a list has pages', async () => {
    const names: string[] = [];
    for (const text of ['a', 'b', 'c']) names.push((await put(Buffer.from(text))).body.sha256);
    names.sort();
    const first = await fixture.call('GET', '/iotctl/artifacts?limit=2');
    expect(first.body).toMatchObject({ artifacts: [{ sha256: names[0] }, { sha256: names[1] }], next: names[1] });
    const second = await fixture.call('GET', `/iotctl/artifacts?limit=2&after=${names[1]}`);
    expect(second.body).toMatchObject({ artifacts: [{ sha256: names[2] }], next: null });
  });

  test.each([
    ['another content', () => put(Buffer.from('something else'), name), 400],
    ['nothing', () => put(Buffer.alloc(0), name), 400],
    ['a name in upper case', () => put(content, name.toUpperCase()), 400],
    ['a name that leads elsewhere', () => put(content, '..%2F..%2Fregistry.db'), 400],
    ['a short name', () => put(content, name.slice(1)), 400],
  ])('when %s is brought, then nothing is left', async (_, bring, status) => {
    expect((await bring()).status).toBe(status);
    expect(await readdir(store).catch(() => [])).toEqual([]);
    expect((await get()).status).toBe(404);
  });

  test('when it is brought twice at once, then both have brought it', async () => {
    const large = randomBytes(300_000);
    const answers = await Promise.all([put(large), put(large), put(large)]);
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(await readdir(store)).toEqual([sha256(large)]);
  });
});

describe('what is served', () => {
  beforeEach(() => put());

  test.each<[string, Record<string, string>, number, string, string | undefined]>([
    ['the first byte', { range: 'bytes=0-0' }, 206, '0', 'bytes 0-0/16'],
    ['the last byte', { range: 'bytes=15-15' }, 206, 'f', 'bytes 15-15/16'],
    ['from a place on', { range: 'bytes=10-' }, 206, 'abcdef', 'bytes 10-15/16'],
    ['beyond the end', { range: 'bytes=14-99' }, 206, 'ef', 'bytes 14-15/16'],
    ['a suffix', { range: 'bytes=-3' }, 206, 'def', 'bytes 13-15/16'],
    ['a suffix longer than the file', { range: 'bytes=-99' }, 206, content.toString(), 'bytes 0-15/16'],
    ['all of it as a range', { range: 'bytes=0-15' }, 206, content.toString(), 'bytes 0-15/16'],
    ['a range at the end', { range: 'bytes=16-' }, 416, '', 'bytes */16'],
    ['a range behind the end', { range: 'bytes=999999999999999999999-' }, 416, '', 'bytes */16'],
    ['no suffix', { range: 'bytes=-0' }, 416, '', 'bytes */16'],
    ['a range the wrong way round', { range: 'bytes=5-2' }, 200, content.toString(), undefined],
    ['several ranges', { range: 'bytes=0-1,3-4' }, 200, content.toString(), undefined],
    ['another unit', { range: 'lines=0-1' }, 200, content.toString(), undefined],
    ['no range', { range: 'bytes=-' }, 200, content.toString(), undefined],
    ['a range if it is this file', { range: 'bytes=1-2', 'if-range': `"${name}"` }, 206, '12', 'bytes 1-2/16'],
    ['a range if it is another file', { range: 'bytes=1-2', 'if-range': '"x"' }, 200, content.toString(), undefined],
    [
      'a range if it is weakly this file',
      { range: 'bytes=1-2', 'if-range': `W/"${name}"` },
      200,
      content.toString(),
      undefined,
    ],
    [
      'a range if it is of a day',
      { range: 'bytes=1-2', 'if-range': new Date(0).toUTCString() },
      200,
      content.toString(),
      undefined,
    ],
    ['what the caller has', { 'if-none-match': `"x", "${name}"` }, 304, '', undefined],
    ['what the caller has weakly', { 'if-none-match': `W/"${name}"`, range: 'bytes=0-0' }, 304, '', undefined],
    ['anything the caller has not', { 'if-none-match': '*' }, 304, '', undefined],
    ['what the caller has not', { 'if-none-match': '"x"' }, 200, content.toString(), undefined],
    ['this file', { 'if-match': `"${name}"` }, 200, content.toString(), undefined],
  ])('when %s is asked for, then that is the answer', async (_, headers, status, text, contentRange) => {
    const answer = await get(headers);
    expect(answer).toMatchObject({ status, text });
    expect(answer.headers['content-range']).toBe(contentRange);
    expect(answer.headers['etag']).toBe(`"${name}"`);
    if (status === 200 || status === 206) expect(answer.headers['content-length']).toBe(String(text.length));
  });

  test('when another file is asked for by If-Match, then it is refused', async () => {
    expect((await get({ 'if-match': '"x"' })).status).toBe(412);
  });

  test('whatever range is asked for, its bytes are those of the file', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(20), fc.nat(20), async (first, last) => {
        const answer = await get({ range: `bytes=${first}-${last}` });
        const expected = last < first ? content : content.subarray(first, last + 1);
        if (first >= content.length && last >= first) expect(answer.status).toBe(416);
        else expect(answer.text).toBe(expected.toString());
      }),
      { numRuns: 60 },
    );
  });

  test.each([
    ['other bytes of the same length', () => writeFile(join(store, name), 'x'.repeat(16))],
    ['less', () => truncate(join(store, name), 7)],
  ])('when there is %s on disk, then nothing is served until it is brought again', async (_, damage) => {
    expect((await get()).status).toBe(200);
    await damage();
    for (let time = 0; time < 2; time++) {
      const answer = await get({ range: 'bytes=0-1' });
      expect(answer).toMatchObject({ status: 404 });
      expect(answer.headers['iothub-errorcode']).toBe('ArtifactDamaged');
    }
    expect(fixture.errors).toHaveLength(1);
    await put();
    expect(await get()).toMatchObject({ status: 200, text: content.toString() });
  });

  test('when a link stands under a digest, then it is not followed', async () => {
    const outside = join(directory, 'outside');
    await writeFile(outside, 'secret');
    await symlink(outside, join(store, sha256(Buffer.from('secret'))));
    expect((await get({}, path(sha256(Buffer.from('secret'))))).status).toBe(404);
    expect((await fixture.call('GET', '/iotctl/artifacts')).body.artifacts).toHaveLength(1);
    await put(Buffer.from('secret'));
    expect((await get({}, path(sha256(Buffer.from('secret'))))).text).toBe('secret');
  });
});

async function device(id: string, body: object = {}): Promise<string> {
  await fixture.call('PUT', `/devices/${id}`, { body: { deviceId: id, ...body } });
  return deviceToken(fixture, id);
}

describe('who may fetch it', () => {
  beforeEach(() => put());

  test('is a device with its own token, as long as it is enabled', async () => {
    const authorization = await device('pump-1');
    const fetchIt = async () =>
      (await fixture.call('GET', path(), { policy: null, version: null, headers: { authorization } })).status;
    expect(await fetchIt()).toBe(200);
    const identity = (await fixture.call('GET', '/devices/pump-1')).body;
    await fixture.call('PUT', '/devices/pump-1', {
      body: { ...identity, status: 'disabled' },
      headers: { 'if-match': '*' },
    });
    expect(await fetchIt()).toBe(403);
    await fixture.call('DELETE', '/devices/pump-1', { headers: { 'if-match': '*' } });
    expect(await fetchIt()).toBe(401);
  });

  test('is a module with its own token', async () => {
    await device('gate-1');
    await fixture.call('PUT', '/devices/gate-1/modules/m1', { body: { deviceId: 'gate-1', moduleId: 'm1' } });
    const module = (await fixture.call('GET', '/devices/gate-1/modules/m1')).body;
    const authorization = createSasToken({
      resource: 'localhost/devices/gate-1/modules/m1',
      key: module.authentication.symmetricKey.primaryKey,
      expiresAt: fixture.clock.now() / 1_000 + 60,
    });
    expect((await fixture.call('GET', path(), { policy: null, headers: { authorization } })).status).toBe(200);
  });

  test('is nobody with a token of a device that is not its own, or with none', async () => {
    const key = randomBytes(32).toString('base64');
    await device('pump-1');
    const expiresAt = fixture.clock.now() / 1_000 + 60;
    for (const resource of [
      'localhost/devices/pump-1',
      'localhost/devices/nobody',
      'localhost',
      'other/devices/pump-1',
    ])
      expect(
        (
          await fixture.call('GET', path(), {
            policy: null,
            headers: { authorization: createSasToken({ resource, key, expiresAt }) },
          })
        ).status,
      ).toBe(401);
    for (const headers of [{}, { authorization: '' }, { authorization: 'Bearer x' }] as Record<string, string>[])
      expect((await fixture.call('GET', path(), { policy: null, headers })).status).toBe(401);
    expect((await fixture.call('GET', `${path()}?device=pump-1`, { policy: null, version: null })).status).toBe(401);
  });

  test('is a back-end caller with the right to', async () => {
    expect((await fixture.call('GET', path(), { policy: 'service' })).status).toBe(200);
    expect((await fixture.call('GET', path(), { policy: 'registryReadWrite' })).status).toBe(401);
    for (const [method, url] of [
      ['PUT', path()],
      ['GET', '/iotctl/artifacts'],
      ['POST', `${path()}/sign`],
    ] as const)
      expect((await fixture.call(method, url, { policy: 'device', body: content })).status).toBe(401);
  });
});

describe('a signed address', () => {
  beforeEach(() => put());

  test('opens its artifact to GET and HEAD, and nothing else', async () => {
    const { pathname, search } = await signed();
    const other = await put(Buffer.from('other'));
    expect(await fetchSigned(`${pathname}${search}`)).toBe(200);
    expect((await fixture.front.app.inject({ method: 'HEAD', url: `${pathname}${search}` })).statusCode).toBe(200);
    expect(await fetchSigned(`${path(other.body.sha256)}${search}`)).toBe(401);
    expect(await fetchSigned(`/iotctl/artifacts${search}`)).toBe(401);
    for (const method of ['PUT', 'POST', 'DELETE'] as const) {
      const { status } = await fixture.call(method, `${pathname}${method === 'POST' ? '/sign' : ''}${search}`, {
        policy: null,
        body: content,
      });
      expect([401, 404]).toContain(status);
    }
  });

  test('when its time is over, then it opens nothing', async () => {
    const { pathname, search } = await signed(name, 60_000);
    await fixture.clock.advance(59_000);
    expect(await fetchSigned(`${pathname}${search}`)).toBe(200);
    await fixture.clock.advance(1_000);
    expect(await fetchSigned(`${pathname}${search}`)).toBe(401);
  });

  test.each([0, -1, Number.MAX_SAFE_INTEGER, '1'])('cannot be had until %j', async (expiresAt) => {
    expect((await fixture.call('POST', `${path()}/sign`, { body: { expiresAt } })).status).toBe(400);
  });

  test('when the hub starts again, then it still opens', async () => {
    const { pathname, search } = await signed();
    const { createArtifacts } = await import('../../../../src/hub/core/artifacts/artifacts.ts');
    const again = createArtifacts({ ...fixture, files: createArtifactFiles(store), onError: () => undefined });
    await again.verify(pathname.split('/').at(-1)!, new URLSearchParams(search));
  });

  test('whatever is changed of it, it opens nothing', async () => {
    const { pathname, search } = await signed();
    const address = `${pathname}${search}`;
    const character = fc.constantFrom(
      ...'0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_=&?%/.+ #'.split(''),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: address.length - 1 }),
        character,
        fc.constantFrom('replace', 'insert', 'delete'),
        async (at, by, how) => {
          const rest = address.slice(how === 'insert' ? at : at + 1);
          const mutant = `${address.slice(0, at)}${how === 'delete' ? '' : by}${rest}`;
          // A fragment never reaches a server.
          const sent = mutant.split('#', 1)[0] ?? '';
          fc.pre(sent !== address && URL.canParse(`http://h${sent}`));
          expect([400, 401, 404]).toContain(await fetchSigned(encodeURI(decodeSafely(sent))));
        },
      ),
      { numRuns: 400 },
    );
    for (const extra of [
      `${search}&se=9999999999`,
      `${search}&sig=x`,
      search.replace('se=', 'se=0'),
      `${search}%00`,
      `${search}&`,
      `${search}&x=1`,
      search.replace('?', '?&'),
    ])
      expect([extra, await fetchSigned(`${pathname}${extra}`)]).toEqual([extra, 401]);
  });
});

function decodeSafely(text: string): string {
  try {
    return decodeURI(text);
  } catch {
    return text.replaceAll('%', '%25');
  }
}
