import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultDownloadLimits, download, type DownloadLimits } from '../../../src/device/firmware/download.ts';
import { fileSlots } from '../../../src/device/firmware/files/file-slots.ts';
import { httpFetch, type HttpFetchOptions } from '../../../src/device/firmware/files/http-fetch.ts';
import { firmwarePaths } from '../../../src/device/firmware/files/paths.ts';
import { FetchProblem, type FetchFirmware, type SlotWriter } from '../../../src/device/firmware/ports.ts';
import { loadCertificates } from '../../../src/hub/tls/index.ts';
import { signManifest, type Offer } from '../../../src/protocol/firmware/index.ts';
import { fakeClock, type FakeClock } from '../../support/fake-clock.ts';
import { realClock } from '../../support/real-clock.ts';
import { cutAfter, endless, etagOf, silentAfter, startFileServer, status, type FileServer } from './file-server.ts';
import { deadlines, imageOf, manifestOf, newKey, sha256 } from './memory-device.ts';

const image = imageOf('new', 100_000);
const key = newKey();
const signed = signManifest(manifestOf(image), key);
let directory: string;
let server: FileServer;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'iotctl-download-'));
  for (const part of ['slots/a', 'slots/b', 'download']) await mkdir(join(directory, part), { recursive: true });
  server = await startFileServer(image);
});
afterEach(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

const quick: DownloadLimits = { ...defaultDownloadLimits, backoff: { firstMs: 1, longestMs: 1 } };

function forget(): Promise<void> {
  return Promise.resolve();
}

function open(size = image.length): Promise<SlotWriter> {
  const slots = fileSlots({ paths: firmwarePaths(directory), selected: () => Promise.resolve('a') });
  return slots.open('b', { sha256: sha256(image), size });
}

async function run(
  more: {
    fetch?: HttpFetchOptions;
    ask?: FetchFirmware;
    url?: string;
    stall?: number;
    size?: number;
    etag?: string;
  } = {},
): Promise<{ bytes: Buffer | undefined; problem: string | undefined }> {
  const writer = await open(more.size);
  const { clock = realClock } = more.fetch ?? {};
  const offer = {
    rollout: 'r',
    attempt: 1,
    ...signed,
    manifest: { ...signed.manifest, size: more.size ?? image.length },
    url: more.url ?? server.url,
    deadlines: { ...deadlines, stall: more.stall ?? 20 },
  } satisfies Offer;
  let problem: string | undefined;
  try {
    const ports = { fetch: more.ask ?? httpFetch({ clock, silenceMs: 2_000, ...more.fetch }), clock, random: () => 0 };
    const nothing = new AbortController();
    await download(
      writer,
      {
        offer,
        etag: more.etag,
        onEtag: forget,
        onProgress: () => undefined,
        limits: quick,
        signal: nothing.signal,
      },
      ports,
    );
    await writer.seal(signed);
  } catch (error) {
    problem = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
  await writer.close();
  const bytes = await readFile(join(directory, 'slots/b/image')).catch(() => undefined);
  if (bytes !== undefined) expect(sha256(bytes)).toBe(sha256(image));
  return { bytes, problem };
}

describe('a download that is cut', () => {
  test.each([0, 1, 50_000, 65_535, 65_536, 65_537, 99_999])('after %d bytes goes on from there', async (at) => {
    server.script.push(cutAfter(at));
    const { bytes, problem } = await run();
    expect(problem).toBeUndefined();
    expect(bytes).toEqual(image);
    const [, second] = server.requests;
    const from = Number(/^bytes=(\d+)-$/.exec(second?.range ?? 'bytes=0-')?.[1]);
    expect(from).toBeLessThanOrEqual(at);
    if (from > 0) expect(second?.ifRange).toBe(etagOf(image));
  });

  test('again and again goes on again and again', async () => {
    for (let cut = 0; cut < 30; cut++) server.script.push(cutAfter(3_000));
    const { bytes } = await run();
    expect(bytes).toEqual(image);
  });

  test('by the end of the agent goes on after its start', async () => {
    const writer = await open();
    await writer.write(image.subarray(0, 40_000));
    await writer.close();
    expect((await run({ etag: etagOf(image) })).bytes).toEqual(image);
    expect(server.requests.map(({ range }) => range)).toEqual(['bytes=40000-']);
  });

  test('that left other bytes than the file’s begins anew', async () => {
    const writer = await open();
    await writer.write(Buffer.alloc(40_000));
    await writer.close();
    expect((await run({ etag: etagOf(image) })).bytes).toEqual(image);
    expect(server.requests.map(({ range }) => range)).toEqual(['bytes=40000-', undefined]);
  });
});

describe('a file that is another one', () => {
  test('from the middle on begins anew, and is refused when it stays so', async () => {
    server.script.push(cutAfter(30_000), (request, response) => {
      server.file = imageOf('changed', 100_000);
      cutAfter(60_000)(request, response, server.file);
    });
    expect(await run()).toEqual({ bytes: undefined, problem: 'digest-mismatch' });
    expect(server.requests.length).toBeLessThanOrEqual(6);
  });

  test('for a while is fetched once it is right', async () => {
    server.file = imageOf('wrong', 100_000);
    server.script.push((request, response, file) => {
      cutAfter(30_000)(request, response, file);
      server.file = image;
    });
    expect((await run()).bytes).toEqual(image);
  });

  test.each([
    ['longer', 100_001],
    ['shorter', 99_999],
  ])('%s is refused before a byte is kept', async (_, size) => {
    server.file = imageOf('new', size);
    expect(await run()).toEqual({ bytes: undefined, problem: 'size-mismatch' });
    expect(server.requests).toHaveLength(1);
  });

  test('without an end is cut', async () => {
    server.script.push(endless);
    expect(await run()).toEqual({ bytes: undefined, problem: 'size-mismatch' });
    expect(await readdir(join(directory, 'download'))).toHaveLength(1);
    expect(await readFile(join(directory, 'download', `${sha256(image)}.part`))).toHaveLength(0);
  });
});

/** A server that puts the device off so often. Time passes only then. */
function busyServer(times: number, retryAfterMs: number) {
  const clock = fakeClock();
  const askedAt: number[] = [];
  const fetch: FetchFirmware = async (request) => {
    askedAt.push(clock.monotonic());
    if (askedAt.length > times) return httpFetch({ clock })(request);
    setImmediate(() => void clock.advance(retryAfterMs));
    throw new FetchProblem('broken', 'busy', undefined, retryAfterMs);
  };
  return { clock, fetch, askedAt };
}

/** An answer that claims to be a part. */
function claiming(text: string): ReturnType<typeof status> {
  return status(206, { 'content-range': text }, Buffer.alloc(50_000));
}

describe('a server that answers something else', () => {
  test.each([
    ['another part', claiming('bytes 0-49999/100000')],
    ['a later part', claiming('bytes 60000-99999/100000')],
    ['no range', status(206, {}, Buffer.alloc(50_000))],
    ['a range that is none', claiming('bytes 30000-20000/100000')],
    ['many parts', status(206, { 'content-type': 'multipart/byteranges; boundary=x' }, '--x--')],
    ['that there is nothing', status(416, { 'content-range': 'bytes */100000' })],
    [
      'another file',
      status(206, { 'content-range': 'bytes 30000-99999/100000', etag: '"other"' }, Buffer.alloc(70_000)),
    ],
  ])('%s, is asked again from the beginning', async (_, answer) => {
    server.script.push(cutAfter(30_000), answer);
    expect((await run()).bytes).toEqual(image);
    expect(server.requests.at(-1)?.range).toBeUndefined();
  });

  test('something else each time, is given up', async () => {
    for (let time = 0; time < 10; time++) server.script.push(cutAfter(30_000), status(416));
    expect(await run()).toEqual({ bytes: undefined, problem: 'download-failed' });
    expect(server.requests.length).toBeLessThan(10);
  });

  test.each([404, 403, 410])('%d, is given up after a few times', async (code) => {
    for (let time = 0; time < 9; time++) server.script.push(status(code));
    expect(await run()).toEqual({ bytes: undefined, problem: 'download-failed' });
    expect(server.requests).toHaveLength(3);
  });

  test.each([500, 503, 429])('%d, is asked again', async (code) => {
    for (let time = 0; time < 6; time++) server.script.push(status(code));
    expect((await run()).bytes).toEqual(image);
  });

  test('that it is busy, says when to come again', async () => {
    server.script.push(
      status(503, { 'retry-after': '30' }),
      status(503, { 'retry-after': 'Sun, 22 Nov 2026 09:00:00 GMT' }),
    );
    const ask = () =>
      httpFetch({ clock: realClock })({
        url: server.url,
        from: 0,
        etag: undefined,
        signal: new AbortController().signal,
      });
    await expect(ask()).rejects.toMatchObject({ kind: 'broken', retryAfterMs: 30_000 });
    await expect(ask()).rejects.toMatchObject({ kind: 'broken', retryAfterMs: undefined });
  });

  test('that it is busy, is asked again when it said, and that is neither a stall nor a failure', async () => {
    const { clock, fetch, askedAt } = busyServer(20, 30_000);
    expect((await run({ fetch: { clock }, ask: fetch, stall: 20 })).bytes).toEqual(image);
    expect(askedAt).toEqual(Array.from({ length: 21 }, (_, time) => time * 30_000));
  });

  test('that it is busy, for hours, has stalled in the end', async () => {
    const { clock, fetch, askedAt } = busyServer(50, 3_600_000);
    expect((await run({ fetch: { clock }, ask: fetch, stall: 20 })).problem).toBe('stalled');
    expect(askedAt).toHaveLength(7);
  });

  test('compressed bytes, is refused', async () => {
    server.script.push(...Array.from({ length: 3 }, () => status(200, { 'content-encoding': 'gzip' }, 'x')));
    expect((await run()).problem).toBe('download-failed');
  });

  test('nothing more, is asked again', async () => {
    server.script.push(silentAfter(10_000));
    expect((await run({ fetch: { clock: realClock, silenceMs: 50 } })).bytes).toEqual(image);
  });
});

describe('a redirect', () => {
  test('is followed, also more than once', async () => {
    server.script.push(status(302, { location: '/a' }), status(307, { location: `${server.url}?sig=1` }));
    expect((await run()).bytes).toEqual(image);
    expect(server.requests.at(-1)?.url).toBe('/pump.bin?sig=1');
  });

  test.each(['file:///etc/passwd', 'ftp://127.0.0.1/x', 'javascript:1', 'http://['])(
    'to %s is refused',
    async (location) => {
      server.script.push(...Array.from({ length: 3 }, () => status(302, { location })));
      expect((await run()).problem).toBe('download-failed');
      expect(server.requests).toHaveLength(3);
    },
  );

  test('without an end is refused', async () => {
    server.script.push(...Array.from({ length: 60 }, () => status(302, { location: '/again' })));
    expect((await run()).problem).toBe('download-failed');
    expect(server.requests).toHaveLength(18);
  });
});

test('a server whose certificate is not trusted is asked no more than a few times, and the report says why', async () => {
  const certificates = await loadCertificates(join(directory, 'tls'), ['localhost'], Date.now());
  const { certificate: cert, key: privateKey } = certificates.server;
  const secure = createServer({ cert, key: privateKey }, (_request, response) => response.end(image));
  await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
  const { port } = secure.address() as AddressInfo;
  const url = `https://localhost:${port}/pump.bin`;
  try {
    expect((await run({ url })).problem).toBe('download-failed');
    const ca = await readFile(certificates.caFile, 'utf8');
    expect((await run({ url, fetch: { clock: realClock, ca } })).problem).toBeUndefined();
  } finally {
    secure.closeAllConnections();
    secure.close();
  }
});

test('an address is never told with its permission', async () => {
  await server.close();
  const fetch = httpFetch({ clock: realClock });
  const asked = fetch({
    url: `${server.url}?sig=secret`,
    from: 0,
    etag: undefined,
    signal: new AbortController().signal,
  });
  const error: unknown = await asked.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(FetchProblem);
  expect(String(error)).toContain('/pump.bin');
  expect(String(error)).not.toContain('secret');
});

test('no more than the given rate is fetched', async () => {
  const clock = fakeClock();
  const fetch = httpFetch({ clock, bytesPerSecond: 10_000 });
  const { body } = await fetch({ url: server.url, from: 0, etag: undefined, signal: new AbortController().signal });
  const got = { bytes: 0 };
  const reading = (async () => {
    for await (const chunk of body) got.bytes += chunk.byteLength;
  })();
  let seconds = 0;
  while (got.bytes < image.length) {
    const before = got.bytes;
    for (let turn = 0; turn < 20 && got.bytes === before; turn++) await wait(1);
    if (got.bytes > before) continue;
    await clock.advance(1_000);
    seconds++;
  }
  await Promise.all([reading, clock.advance(20_000)]);
  expect(got.bytes).toBe(image.length);
  // The last chunk is paid for after it has come, and is as long as the system makes it.
  expect(seconds).toBeGreaterThanOrEqual(3);
});

/** A server that sends a chunk now and then. */
function scripted(chunkEveryMs: number, chunk: number, clock: FakeClock): FetchFirmware {
  return ({ from }) => {
    async function* body(): AsyncGenerator<Uint8Array> {
      for (let at = from; at < image.length; at += chunk) {
        await new Promise<void>((resolve) => clock.after(chunkEveryMs, resolve));
        yield image.subarray(at, at + chunk);
      }
    }
    return Promise.resolve({ from, total: image.length, etag: undefined, body: body() });
  };
}

function neverThere(): ReturnType<FetchFirmware> {
  return Promise.reject(new FetchProblem('broken', 'refused'));
}

/** How a download ends while time passes. */
async function endOf(fetch: FetchFirmware, clock: FakeClock): Promise<string> {
  const writer = await open();
  const offer = { rollout: 'r', attempt: 1, ...signed, url: server.url, deadlines } satisfies Offer;
  const { signal } = new AbortController();
  const work = {
    offer,
    etag: undefined,
    onEtag: forget,
    onProgress: () => undefined,
    limits: defaultDownloadLimits,
    signal,
  };
  const end: { words?: string } = {};
  const ending = download(writer, work, { fetch, clock, random: () => 1 }).then(
    () => (end.words = 'done'),
    (error: unknown) =>
      (end.words = `${String((error as { code?: string }).code)} after ${clock.monotonic() / 1_000} s`),
  );
  while (end.words === undefined) {
    await wait(1);
    await clock.advance(1_000);
  }
  await writer.close();
  return ending;
}

describe('too little for too long', () => {
  test('ends an answer of a byte a second', async () => {
    const clock = fakeClock();
    expect(await endOf(scripted(1_000, 1, clock), clock)).toBe('stalled after 60 s');
  });

  test('ends a server that is never there', async () => {
    const clock = fakeClock();
    expect(await endOf(neverThere, clock)).toMatch(/^stalled after 60/);
  });

  test('ends one that hangs without listening to anybody', async () => {
    const clock = fakeClock();
    expect(await endOf(() => new Promise(() => undefined), clock)).toMatch(/^stalled after 60/);
  });

  test('does not end one that is slow but steady', async () => {
    const clock = fakeClock();
    expect(await endOf(scripted(10_000, 10_000, clock), clock)).toBe('done');
  });
});

describe('on the disk', () => {
  test('a firmware that does not fit is refused before it is fetched', async () => {
    await expect(open(Number.MAX_SAFE_INTEGER / 2)).rejects.toMatchObject({ code: 'storage-failed' });
  });

  test('a link in place of the part is refused, and what it points to is left alone', async () => {
    const victim = join(directory, 'victim');
    await writeFile(victim, 'keep');
    await symlink(victim, join(directory, 'download', `${sha256(image)}.part`));
    await expect(open()).rejects.toMatchObject({ code: 'invalid-config' });
    expect(await readFile(victim, 'utf8')).toBe('keep');
  });

  test('another file put in the place of the part while it is fetched is not taken', async () => {
    const writer = await open();
    await writer.write(image);
    const part = join(directory, 'download', `${sha256(image)}.part`);
    await rm(part);
    await writeFile(part, imageOf('evil', 100_000));
    await expect(writer.seal(signed)).rejects.toMatchObject({ code: 'storage-failed' });
    await writer.close();
    expect(await readdir(join(directory, 'slots/b'))).toEqual([]);
  });

  test('what a slot holds already is not fetched again', async () => {
    expect((await run()).bytes).toEqual(image);
    expect((await run()).bytes).toEqual(image);
    expect(server.requests).toHaveLength(1);
  });

  test('the slot that runs is never written', async () => {
    const slots = fileSlots({ paths: firmwarePaths(directory), selected: () => Promise.resolve('b') });
    await expect(slots.open('b', { sha256: sha256(image), size: 10 })).rejects.toThrow('runs');
  });
});
