import { createHash } from 'node:crypto';
import { open, readdir } from 'node:fs/promises';
import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startHubBox, type HubBox } from '../e2e/must-hold/support/hub-box.ts';
import { forgetPeak, megabytes, memoryOf } from './support/memory.ts';
import { operatorOf } from './support/operator.ts';

let hub: HubBox;

beforeEach(async () => {
  hub = await startHubBox();
});

afterEach(() => hub.close());

const size = 2 * 1024 ** 3;
const limit = 64 * 1_048_576;

/** Mostly holes, but no two pieces of it alike. */
async function* pieces(): AsyncGenerator<Uint8Array, void, undefined> {
  const piece = Buffer.alloc(256 * 1024);
  for (let at = 0; at < size; at += piece.length) {
    piece.writeDoubleBE(at, 0);
    yield piece;
  }
}

function fetchIt(url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => get(url, resolve).on('error', reject));
}

test('2 GB that come in, are verified and go out add at most 64 MB to the hub', async () => {
  const hash = createHash('sha256');
  for await (const piece of pieces()) hash.update(piece);
  const sha256 = hash.digest('hex');
  const client = operatorOf(hub.info);
  const before = await memoryOf(hub.info.pid);
  await forgetPeak(hub.info.pid);
  await client.artifacts.put({ sha256, size }, pieces);
  const stored = await memoryOf(hub.info.pid);
  // Touched, so that it is read again before it is served.
  const file = await open(join(hub.info.dataDir, 'artifacts', sha256), 'r+');
  await file.utimes(1, 1);
  await file.close();
  const url = new URL(await client.artifacts.signUrl(sha256, Date.now() + 3_600_000));
  const answer = await fetchIt(`http://127.0.0.1:${hub.info.ports.http}${url.pathname}${url.search}`);
  const received = createHash('sha256');
  for await (const chunk of answer as AsyncIterable<Buffer>) received.update(chunk);
  const { peak } = await memoryOf(hub.info.pid);
  process.stdout.write(
    `2 GB in and out: ${megabytes(before.now)} before, ${megabytes(stored.peak)} at most while it came, ${megabytes(peak)} in all\n`,
  );
  expect(received.digest('hex')).toBe(sha256);
  expect(peak - before.now).toBeLessThanOrEqual(limit);
  await client.close();
});

test('when the hub is killed in the midst of an upload, then there is none, and the next start clears it away', async () => {
  const client = operatorOf(hub.info);
  const directory = join(hub.info.dataDir, 'artifacts');
  const sha256 = 'f'.repeat(64);
  const stop = new AbortController();
  const cut = Promise.withResolvers<void>();
  const onProgress = (bytes: number): void => (bytes > 100_000_000 ? cut.resolve() : undefined);
  const upload = client.artifacts.put({ sha256, size }, pieces, { signal: stop.signal, onProgress });
  upload.catch(() => undefined);
  await cut.promise;
  process.kill(hub.info.pid, 'SIGKILL');
  stop.abort();
  await expect(upload).rejects.toThrow();
  expect(await readdir(directory)).toEqual([expect.stringMatching(/\.part$/)]);
  const again = await hub.box.run([
    'hub',
    'start',
    '--detach',
    '--http-port',
    '0',
    '--https-port',
    '0',
    '--mqtt-port',
    '0',
    '--mqtts-port',
    '0',
    '--amqp-port',
    '0',
    '--amqps-port',
    '0',
  ]);
  expect(again).toMatchObject({ code: 0 });
  expect(await readdir(directory)).toEqual([]);
  await client.close();
});
