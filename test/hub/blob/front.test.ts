import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBlobServer, type BlobServer } from '../../support/blob-server.ts';

let server: BlobServer;

beforeAll(async () => {
  server = await openBlobServer();
});

afterAll(() => server.close());

const blockBlob = { 'x-ms-blob-type': 'BlockBlob', 'x-ms-version': '2021-12-02' };

async function put(blob: string, body: string | Buffer, headers: Record<string, string> = {}): Promise<Response> {
  const url = await server.sign('exports', blob, 'rcwd');
  return fetch(url, { method: 'PUT', body: new Uint8Array(Buffer.from(body)), headers: { ...blockBlob, ...headers } });
}

async function get(blob: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(await server.sign('exports', blob, 'r'), { headers });
}

function addQuery(url: string, query: string): string {
  return `${url}&${query}`;
}

const id = (name: string): string => Buffer.from(name).toString('base64');
const names = (xml: string): string[] => [...xml.matchAll(/<Name>([^<]*)/g)].map(([, name]) => name ?? '');

async function codeOf(url: string, init: RequestInit = {}): Promise<string | null> {
  return (await fetch(url, init)).headers.get('x-ms-error-code');
}

async function list(query: string): Promise<string> {
  const url = await server.sign('listed', undefined, 'l');
  return (await fetch(addQuery(url, `restype=container&comp=list&${query}`))).text();
}

async function putBlock(blob: string, name: string, body: string | Buffer): Promise<Response> {
  const url = await server.sign('exports', blob, 'w');
  return fetch(addQuery(url, `comp=block&blockid=${encodeURIComponent(id(name))}`), {
    method: 'PUT',
    body: new Uint8Array(Buffer.from(body)),
  });
}

async function putList(blob: string, ...blocks: string[]): Promise<Response> {
  const url = await server.sign('exports', blob, 'w');
  const entries = blocks.map((name) => `<Latest>${id(name)}</Latest>`).join('');
  const body = `<?xml version="1.0" encoding="utf-8"?><BlockList>${entries}</BlockList>`;
  const headers = { 'content-type': 'application/xml', 'x-ms-blob-content-type': 'text/csv' };
  return fetch(addQuery(url, 'comp=blocklist'), { method: 'PUT', body, headers });
}

describe('one blob at once', () => {
  test.each([
    ['small', 20, [500, 'InternalError']],
    ['of many pieces', 1_000_000, [200, 'cut']],
  ])('when a %s blob is damaged on the disk, then nobody takes what comes for all of it', async (_, size, expected) => {
    const before = new Set(await server.files());
    expect((await put('damaged', 'w'.repeat(size))).status).toBe(201);
    const name = (await server.files()).find((file) => !before.has(file)) ?? '';
    const path = join(server.directory, name);
    await writeFile(path, (await readFile(path)).fill('x', size / 2, size / 2 + 1));
    const answer = await get('damaged');
    const text = await answer.text().catch(() => 'cut');
    expect([answer.status, answer.headers.get('x-ms-error-code') ?? text]).toEqual(expected);
    expect((await get('damaged', { range: 'bytes=0-3' })).status).toBe(206);
  });

  test('when a blob is put, it is read back with its type, metadata and stamps', async () => {
    const stored = await put('a/b c.txt', 'hello', {
      'x-ms-blob-content-type': 'text/plain',
      'x-ms-meta-site': 'north',
      'x-ms-client-request-id': 'mine',
    });
    expect(stored.status).toBe(201);
    expect(stored.headers.get('x-ms-version')).toBe('2021-12-02');
    expect(stored.headers.get('x-ms-client-request-id')).toBe('mine');
    expect(stored.headers.get('x-ms-request-id')).toMatch(/^[\da-f-]{36}$/);
    expect(stored.headers.get('content-md5')).toBe('XUFAKrxLKna5cZ2REBfFkg==');
    const read = await get('a/b c.txt');
    expect(read.status).toBe(200);
    expect(await read.text()).toBe('hello');
    expect(read.headers.get('content-type')).toBe('text/plain');
    expect(read.headers.get('x-ms-meta-site')).toBe('north');
    expect(read.headers.get('x-ms-blob-type')).toBe('BlockBlob');
    expect(read.headers.get('etag')).toBe(stored.headers.get('etag'));
    expect(read.headers.get('last-modified')).toBe(stored.headers.get('last-modified'));
  });

  test('when a blob is replaced, its old file is gone and its etag is another', async () => {
    const first = await put('replaced', 'one');
    const before = await server.files();
    const second = await put('replaced', 'two, which is longer');
    expect(second.headers.get('etag')).not.toBe(first.headers.get('etag'));
    expect(await (await get('replaced')).text()).toBe('two, which is longer');
    expect(await server.files()).toHaveLength(before.length);
  });

  test('when a blob is empty, it is a blob all the same', async () => {
    expect((await put('empty', '')).status).toBe(201);
    const read = await get('empty');
    expect([read.status, read.headers.get('content-length'), await read.text()]).toEqual([200, '0', '']);
  });

  test.each([
    ['bytes=0-0', 206, '0', 'bytes 0-0/10'],
    ['bytes=3-', 206, '3456789', 'bytes 3-9/10'],
    ['bytes=8-20', 206, '89', 'bytes 8-9/10'],
    ['lines=1-2', 200, '0123456789', null],
  ])('when the range is %s, the answer is %i', async (range, status, text, contentRange) => {
    await put('range', '0123456789');
    const read = await get('range', { range });
    expect([read.status, await read.text(), read.headers.get('content-range')]).toEqual([status, text, contentRange]);
  });

  test('when the range lies behind the end, the answer is 416', async () => {
    await put('range', '0123456789');
    expect((await get('range', { range: 'bytes=10-12' })).status).toBe(416);
  });

  test('when a blob is asked for by HEAD, its headers come alone', async () => {
    await put('head', 'twelve bytes');
    const head = await fetch(await server.sign('exports', 'head', 'r'), { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '12']);
    const missing = await fetch(await server.sign('exports', 'nothing', 'r'), { method: 'HEAD' });
    expect([missing.status, missing.headers.get('x-ms-error-code')]).toEqual([404, 'BlobNotFound']);
  });

  test('when a blob is deleted, it and its file are gone', async () => {
    const before = (await server.files()).length;
    await put('deleted', 'x');
    const url = await server.sign('exports', 'deleted', 'd');
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(202);
    expect((await get('deleted')).status).toBe(404);
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(404);
    expect(await server.files()).toHaveLength(before);
  });

  test('when the MD5 of the body is another than announced, nothing is stored', async () => {
    const before = (await server.files()).length;
    const answer = await put('md5', 'hello', { 'content-md5': Buffer.alloc(16).toString('base64') });
    expect([answer.status, answer.headers.get('x-ms-error-code')]).toEqual([400, 'Md5Mismatch']);
    expect(await answer.text()).toMatch(/^<\?xml[^>]*\?><Error><Code>Md5Mismatch<\/Code><Message>[^<]+RequestId:/);
    expect((await get('md5')).status).toBe(404);
    expect(await server.files()).toHaveLength(before);
  });

  test('when a sender breaks off, nothing is stored', async () => {
    const before = (await server.files()).length;
    const url = new URL(await server.sign('exports', 'broken', 'w'));
    const socket = connect(Number(url.port), url.hostname);
    socket.write(
      `PUT ${url.pathname}${url.search} HTTP/1.1\r\nhost: x\r\nx-ms-blob-type: BlockBlob\r\ncontent-length: 1000\r\n\r\nhalf`,
    );
    await expect.poll(async () => (await server.files()).length).toBe(before + 1);
    socket.destroy();
    await expect.poll(async () => (await server.files()).length).toBe(before);
    expect((await get('broken')).status).toBe(404);
  });
});

describe('preconditions', () => {
  test('when a blob must not be there but is, the answer is 409', async () => {
    await put('once', 'one');
    const again = await put('once', 'two', { 'if-none-match': '*' });
    expect([again.status, again.headers.get('x-ms-error-code')]).toEqual([409, 'BlobAlreadyExists']);
    expect(await (await get('once')).text()).toBe('one');
  });

  test('when If-Match is not the blob that is there, the answer is 412', async () => {
    const etag = (await put('matched', 'one')).headers.get('etag') ?? '';
    expect((await put('matched', 'two', { 'if-match': etag })).status).toBe(201);
    expect((await put('matched', 'three', { 'if-match': etag })).status).toBe(412);
  });

  test('when the caller has the blob already, the answer is 304', async () => {
    const etag = (await put('cached', 'one')).headers.get('etag') ?? '';
    expect((await get('cached', { 'if-none-match': etag })).status).toBe(304);
    expect((await get('cached', { 'if-none-match': '"other"' })).status).toBe(200);
  });
});

describe('blocks', () => {
  test('when blocks are committed, the blob is made of them in the order of the list', async () => {
    expect((await putBlock('blocks', '1', 'world')).status).toBe(201);
    expect((await putBlock('blocks', '2', 'hello ')).status).toBe(201);
    expect((await get('blocks')).status).toBe(404);
    expect((await putList('blocks', '2', '1')).status).toBe(201);
    const read = await get('blocks', { range: 'bytes=4-7' });
    expect(await read.text()).toBe('o wo');
    expect((await get('blocks')).headers.get('content-type')).toBe('text/csv');
  });

  test('when a list takes over blocks of before, only the new ones need to be sent', async () => {
    await putBlock('more', 'a', 'A');
    await putBlock('more', 'b', 'B');
    await putList('more', 'a', 'b');
    await putBlock('more', 'c', 'C');
    const listed = await fetch(addQuery(await server.sign('exports', 'more', 'r'), 'comp=blocklist&blocklisttype=all'));
    const text = await listed.text();
    expect(text).toContain(`<CommittedBlocks><Block><Name>${id('a')}</Name><Size>1</Size></Block>`);
    expect(text).toContain(`<UncommittedBlocks><Block><Name>${id('c')}</Name>`);
    await putList('more', 'c', 'a');
    expect(await (await get('more')).text()).toBe('CA');
  });

  test('when a list names a block that was not sent, the blob stays as it was', async () => {
    await put('stays', 'old');
    const answer = await putList('stays', 'nothing');
    expect([answer.status, answer.headers.get('x-ms-error-code')]).toEqual([400, 'InvalidBlockList']);
    expect(await (await get('stays')).text()).toBe('old');
  });

  test('when a block is sent twice, the later one counts and the file of the first is gone', async () => {
    const before = (await server.files()).length;
    await putBlock('twice', '1', 'first');
    await putBlock('twice', '1', 'second');
    expect(await server.files()).toHaveLength(before + 1);
    await putList('twice', '1');
    expect(await (await get('twice')).text()).toBe('second');
  });

  test.each([
    ['not XML', '<BlockList><Latest>MQ=='],
    ['another element', '<BlockList><Newest>MQ==</Newest></BlockList>'],
    ['an entity', '<!DOCTYPE x [<!ENTITY a "b">]><BlockList><Latest>&a;</Latest></BlockList>'],
  ])('when the list is %s, the answer is 400', async (_name, body) => {
    const url = await server.sign('exports', 'xml', 'w');
    const answer = await fetch(addQuery(url, 'comp=blocklist'), { method: 'PUT', body });
    expect([answer.status, answer.headers.get('x-ms-error-code')]).toEqual([400, 'InvalidXmlDocument']);
  });

  test('when nobody names a block for a week, it is dropped', async () => {
    await putBlock('forgotten', '1', 'x');
    const before = (await server.files()).length;
    await server.clock.advance(7 * 86_400_000);
    const filesAnHourLater = async (): Promise<number> => {
      await server.clock.advance(3_600_000);
      return (await server.files()).length;
    };
    await expect.poll(filesAnHourLater).toBeLessThan(before);
    expect((await putList('forgotten', '1')).status).toBe(400);
  });
});

describe('who may do what', () => {
  test('when the signature is missing, changed, for another place or too old, the answer is 403', async () => {
    await put('secret', 'x');
    const url = await server.sign('exports', 'secret', 'r');
    expect((await fetch(url)).status).toBe(200);
    for (const forged of [
      url.split('?')[0] ?? '',
      url.replace(/sig=[^&]*/, 'sig='),
      url.replace('sp=r', 'sp=rwd'),
      url.replace(/se=[^&]*/, 'se=2999-01-01T00%3A00%3A00Z'),
      url.replace('/secret?', '/other?'),
      url.replace('/exports/', '/imports/'),
      url.replace('sr=b', 'sr=c'),
      await server.sign('exports', 'secret', 'r', server.clock.now()),
    ]) {
      const answer = await fetch(forged);
      expect([answer.status, answer.headers.get('x-ms-error-code')]).toEqual([403, 'AuthenticationFailed']);
    }
  });

  test('when the signature allows something else, the answer is 403', async () => {
    await put('rights', 'x');
    const init = { method: 'PUT', body: 'y', headers: blockBlob };
    expect(await codeOf(await server.sign('exports', 'rights', 'w'))).toBe('AuthorizationPermissionMismatch');
    expect(await codeOf(await server.sign('exports', 'rights', 'r'), init)).toBe('AuthorizationPermissionMismatch');
    expect(await codeOf(await server.sign('exports', 'rights', 'c'), init)).toBe('AuthorizationPermissionMismatch');
    expect(await codeOf(await server.sign('exports', 'rights', 'rw'), { method: 'DELETE' })).toBe(
      'AuthorizationPermissionMismatch',
    );
    expect((await fetch(await server.sign('exports', 'new-one', 'c'), init)).status).toBe(201);
  });

  test('when a signature is for a container, it opens each blob in it and no other container', async () => {
    await put('inside', 'x');
    const url = await server.sign('exports', undefined, 'rl');
    expect((await fetch(url.replace('?', '/inside?'))).status).toBe(200);
    expect((await fetch(url.replace('/exports?', '/imports/inside?'))).status).toBe(403);
  });

  test.each(['%2e%2e/escape', 'a/%2e%2e/%2e%2e/b', '..%2f..%2fetc%2fpasswd', 'nul%00', 'a%ffb', '%zz'])(
    'when a path is %s, nothing is stored outside',
    async (path) => {
      const { port, pathname, search } = new URL(await server.sign('exports', undefined, 'rwl'));
      // As it stands: fetch would fold the path before it is sent.
      const sent = request({ port, path: `${pathname}/${path}${search}`, method: 'PUT', headers: blockBlob });
      const [answer] = (await once(sent.end('x'), 'response')) as [IncomingMessage];
      expect(answer.resume().headers['x-ms-error-code']).toMatch(/^Invalid(?:ResourceName|Uri)$/);
    },
  );

  test.each(['comp=lease', 'comp=snapshot', 'comp=page', 'restype=container'])(
    'when %s is asked for, the answer is 501',
    async (query) => {
      const url = addQuery(await server.sign('exports', undefined, 'rwl'), query);
      expect((await fetch(url, { method: 'PUT' })).status).toBe(501);
    },
  );

  test('when a blob of another kind is put, the answer says so', async () => {
    const answer = await put('page', '', { 'x-ms-blob-type': 'PageBlob' });
    expect([answer.status, answer.headers.get('x-ms-error-code')]).toEqual([400, 'InvalidHeaderValue']);
  });
});

describe('a container', () => {
  test('when it is listed, its blobs come in order, page by page, folders folded', async () => {
    for (const name of ['b', 'a/1', 'a/2', 'c&d']) {
      await fetch(await server.sign('listed', name, 'w'), { method: 'PUT', body: name, headers: blockBlob });
    }
    expect(names(await list(''))).toEqual(['a/1', 'a/2', 'b', 'c&amp;d']);
    expect(names(await list('prefix=a%2F'))).toEqual(['a/1', 'a/2']);
    const page = await list('maxresults=3');
    expect(names(page)).toEqual(['a/1', 'a/2', 'b']);
    const marker = /<NextMarker>([^<]+)/.exec(page)?.[1] ?? '';
    expect(names(await list(`maxresults=3&marker=${marker}`))).toEqual(['c&amp;d']);
    expect(names(await list('delimiter=%2F')).toSorted()).toEqual(['a/', 'b', 'c&amp;d']);
  });
});

describe('a large blob', () => {
  test('when it is replaced while it is read, the reader gets the old one to its end', async () => {
    const old = randomBytes(8 * 1024 * 1024);
    await put('large', old);
    const reading = await get('large');
    const reader = reading.body!.getReader();
    const first = await reader.read();
    await put('large', 'new');
    const parts = [Buffer.from(first.value ?? [])];
    for (let next = await reader.read(); !next.done; next = await reader.read()) parts.push(Buffer.from(next.value));
    expect(Buffer.concat(parts).equals(old)).toBe(true);
    expect(await (await get('large')).text()).toBe('new');
  });

  test('when the reader goes away in the midst, its file is let go', async () => {
    await put('dropped', randomBytes(8 * 1024 * 1024));
    const url = new URL(await server.sign('exports', 'dropped', 'r'));
    const socket = connect(Number(url.port), url.hostname);
    socket.write(`GET ${url.pathname}${url.search} HTTP/1.1\r\nhost: x\r\n\r\n`);
    await once(socket, 'data');
    socket.destroy();
    const before = (await server.files()).length;
    await put('dropped', 'new');
    await expect.poll(async () => (await server.files()).length).toBe(before);
    expect(server.errors).toEqual([]);
  });
});
