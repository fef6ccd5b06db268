/** C-37: what of the hub is open to programs and pages of the same machine. */
import { statSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { spawnSync } from 'node:child_process';
import { report } from '../support/report.ts';
import { startLiveHub, type LiveHub } from './support/live-hub.ts';

let hub: LiveHub;
beforeAll(async () => {
  hub = await startLiveHub();
});
afterAll(() => hub.close());

const strangeHosts = [
  'evil.example',
  'evil.example:8080',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  'LOCALHOST.',
  '0.0.0.0',
  '2130706433',
  '0x7f000001',
  '127.1',
  'localhost@evil.example',
  'evil.example/localhost',
  '[::ffff:127.0.0.1]',
];
const strangeOrigins = [
  'https://evil.example',
  'null',
  'http://localhost.evil.example',
  'http://127.0.0.1.evil.example',
  'chrome-extension://abc',
];
const paths = [
  '/iotctl/status',
  '/devices',
  '/iotctl/telemetry',
  '/blobs/uploads/x',
  '/devices/dev1/messages/events',
  '/nothing',
];

async function statusOf(path: string, headers: Readonly<Record<string, string>>, upgrade = false): Promise<number> {
  const socket = hub.info.ports.http ?? 0;
  const more = upgrade
    ? {
        upgrade: 'websocket',
        connection: 'Upgrade',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'sec-websocket-protocol': 'mqtt',
      }
    : { connection: 'close' };
  const lines = Object.entries({ ...headers, ...more }).map(([name, value]) => `${name}: ${value}\r\n`);
  return new Promise((resolve, reject) => {
    const stream = connect({ host: '127.0.0.1', port: socket }, () =>
      stream.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`),
    );
    stream.once('error', reject);
    stream.once('data', (chunk: Buffer) => {
      stream.destroy();
      resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(chunk.toString('latin1'))?.[1] ?? 0));
    });
  });
}

describe('C-37', () => {
  it('a page that has its name lead here, or is of another host, gets nothing, with the best of tokens', async () => {
    const authorization = hub.ownerToken();
    let cells = 0;
    for (const path of paths) {
      for (const host of strangeHosts) {
        expect(await statusOf(path, { host, authorization }), `${host} ${path}`).toBe(421);
        cells++;
      }
      for (const origin of strangeOrigins) {
        expect(await statusOf(path, { host: 'localhost', origin, authorization }), `${origin} ${path}`).toBe(421);
        cells++;
      }
    }
    for (const host of strangeHosts) expect(await statusOf('/$iothub/websocket', { host }, true)).toBe(421);
    for (const origin of strangeOrigins)
      expect(await statusOf('/$iothub/websocket', { host: 'localhost', origin }, true)).toBe(421);
    report('C-37', {
      requests: cells,
      webSockets: strangeHosts.length + strangeOrigins.length,
      refused: cells + strangeHosts.length + strangeOrigins.length,
    });
  });

  it('who asks for the hub by its name is served, and without credentials learns nothing', async () => {
    const port = hub.info.ports.http;
    for (const host of ['localhost', `localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`]) {
      expect(await statusOf('/devices?api-version=2021-04-12', { host, authorization: hub.ownerToken() })).toBe(200);
      expect(await statusOf('/devices?api-version=2021-04-12', { host })).toBe(401);
    }
    expect(await statusOf('/$iothub/websocket', { host: 'localhost' }, true)).toBe(101);
  });

  it('its files and directories are for its own user alone', async () => {
    const loose: string[] = [];
    for (const name of ['', ...(await readdir(hub.info.dataDir, { recursive: true }))]) {
      const { mode } = statSync(join(hub.info.dataDir, name));
      // Certificates are public, and lie in directories that are not.
      if ((mode & 0o077) !== 0 && !/\/(?:ca|server)\.pem$/.test(name))
        loose.push(`${name} ${(mode & 0o777).toString(8)}`);
    }
    expect(loose).toEqual([]);
    expect(await readFile(hub.info.caFile, 'utf8')).toContain('BEGIN CERTIFICATE');
  });

  it.runIf(process.getuid?.() === 0)('another user of the machine can read none of it', () => {
    const files = ['registry.db', 'telemetry.db', 'hub.json', 'tls'].map((name) => join(hub.info.dataDir, name));
    for (const file of files) {
      const read = spawnSync('cat', [file], { uid: 65_534, gid: 65_534, encoding: 'utf8' });
      expect(read.status, file).not.toBe(0);
      expect(read.stdout).toBe('');
    }
  });
});
