/** C-27: no address leads to a file that is not the hub's to give, whatever is written in it and whatever lies in its directories. */
import { createHash } from 'node:crypto';
import { link, mkdtemp, readdir, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startLiveHub, type LiveHub } from '../identity/support/live-hub.ts';
import { report } from '../support/report.ts';
import { atScale } from '../support/scale.ts';

const canary = 'canary-that-nobody-may-read';
let hub: LiveHub;
let outside: string;
beforeAll(async () => {
  hub = await startLiveHub();
  await hub.make('dev1');
  outside = await mkdtemp(join(tmpdir(), 'iotctl-outside-'));
  await writeFile(join(outside, 'secret.txt'), canary);
});
afterAll(async () => {
  await hub.close();
  await rm(outside, { recursive: true });
});

/** Ways up and out, each to be followed by a file. */
const climbs = [
  '../',
  '..%2f',
  '%2e%2e/',
  '%2e%2e%2f',
  '%252e%252e%252f',
  '..%252f',
  '..;/',
  '.%00./',
  '..\\',
  '..%5c',
  '%c0%ae%c0%ae/',
  '%uff0e%uff0e/',
  '\u2025/',
  '\uFF0E\uFF0E/',
  '....//',
  './../',
  '//',
  '\\\\?\\',
  'file:///',
].map((climb) => climb.replaceAll(/[^\x21-\x7e]/g, encodeURIComponent));

const files = [
  'secret.txt',
  'registry.db',
  'hub.json',
  'tls/ca-key.pem',
  'etc/passwd',
  'etc/passwd%00.bin',
  'proc/self/environ',
];
const doors = [
  '/iotctl/artifacts/',
  '/blobs/uploads/',
  '/blobs/',
  '/iotctl/records/',
  '/',
  '/devices/',
  '/iotctl/containers/',
  '/twins/',
];

/** What a file of the hub, or one beside it, would show. */
const shows = new RegExp(
  [canary, 'SQLite format 3', 'PRIVATE KEY', 'root:x:0', 'SharedAccessKey=', '"dataDir"'].join('|'),
);

it('C-27 no spelling of a way out of a directory shows a byte of what is there', async () => {
  const token = hub.ownerToken();
  const cells: { readonly method: string; readonly path: string }[] = [];
  for (const door of doors)
    for (const climb of climbs)
      for (const file of files.slice(0, atScale({ smoke: 2, full: files.length })))
        cells.push({ method: 'GET', path: `${door}${climb.repeat(door.length % 3 === 0 ? 8 : 3)}${file}` });
  for (const climb of climbs)
    cells.push({ method: 'GET', path: `/iotctl/artifacts/${climb.repeat(6)}${outside.slice(1)}/secret.txt` });
  const wrong: string[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let cell = cells[next++]; cell !== undefined; cell = cells[next++]) {
      const { status, text } = await hub.request(cell.method, cell.path, { token });
      if (shows.test(text)) wrong.push(`${cell.path} shows ${text.slice(0, 60)}`);
      // 501 is what the blob endpoint says to what it does not do.
      if ((status >= 500 && status !== 501) || status === 0) wrong.push(`${cell.path} comes to ${status}`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  report('C-27', { requests: cells.length, bytesFromOutside: 0, wrong: wrong.length });
  expect(wrong).toEqual([]);
});

it('C-27 what is written under a name with a way out stays inside, or is refused', async () => {
  const token = hub.ownerToken();
  const before = await readdir(tmpdir());
  for (const climb of climbs) {
    const upload = await hub.request('POST', '/devices/dev1/files', {
      token: hub.token('dev1'),
      body: { blobName: `${decodeURI(climb.replaceAll('%u', 'u').replaceAll(/%(?:c0|ae|00)/g, ''))}x.txt` },
    });
    expect(upload.status).toBeLessThan(500);
    const record = await hub.request('PUT', `/iotctl/records/${climb}x`, { token, body: {} });
    expect(record.status).toBeLessThan(500);
    const artifact = await hub.request('PUT', `/iotctl/artifacts/${climb}x`, { token, body: 'x' });
    expect(artifact.status).toBeGreaterThanOrEqual(400);
  }
  const own = (name: string): boolean => !/^(?:iotctl-|vitest|node-)/.test(name) && !before.includes(name);
  expect((await readdir(tmpdir())).filter((name) => own(name) && name.includes('x.txt'))).toEqual([]);
  expect(await readdir(outside)).toEqual(['secret.txt']);
});

it.each(['symlink', 'hardlink'] as const)('C-27 a %s in the place of an artifact is not given out', async (kind) => {
  const token = hub.ownerToken();
  const content = `firmware ${kind}`;
  const sha256 = createHash('sha256').update(content).digest('hex');
  expect((await hub.request('PUT', `/iotctl/artifacts/${sha256}`, { token, body: content })).status).toBe(201);
  const directory = join(hub.info.dataDir, 'artifacts');
  const name = (await readdir(directory, { recursive: true })).find((file) => file.endsWith(sha256));
  if (name === undefined) throw new Error('the artifact has no file');
  await unlink(join(directory, name));
  await (kind === 'symlink' ? symlink : link)(join(outside, 'secret.txt'), join(directory, name));
  const { status, text } = await hub.request('GET', `/iotctl/artifacts/${sha256}`, { token });
  expect(text).not.toContain(canary);
  expect(status).toBeGreaterThanOrEqual(400);
});
