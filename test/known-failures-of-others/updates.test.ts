import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect } from 'vitest';
import { tarEnd, tarHeader, tarPadding } from '../../src/hub/backup/tar.ts';
import { parseConnectionString } from '../../src/protocol/connection-string.ts';
import { startHubBox, ownerToken, type HubBox } from '../e2e/must-hold/support/hub-box.ts';
import { known } from './known.ts';

let hub: HubBox;
const path = (name: string): string => join(hub.box.directory, name);
const content = Buffer.from(Array.from({ length: 50_000 }, (_, index) => (index * 31) % 256));
const sha256 = createHash('sha256').update(content).digest('hex');

beforeAll(async () => {
  hub = await startHubBox();
  await writeFile(path('pump.bin'), content);
  const made = await hub.box.shell(
    'iotctl firmware keygen release && iotctl firmware sign pump.bin pump@2.0.0 --hardware pump-v2 --key release.key --out pump.json && iotctl firmware add pump.json --file pump.bin',
  );
  if (made.code !== 0) throw new Error(made.stderr);
});
afterAll(() => hub.close());

async function verdict(manifest: string, file: string): Promise<number | null> {
  return (await hub.box.run(['firmware', 'verify', manifest, '--file', file, '--trust', 'release.trust.json'])).code;
}

known('CVE-2026-34155', async () => {
  expect(await verdict('pump.json', 'pump.bin')).toBe(0);
  const last = Buffer.from(content);
  last[last.length - 1] = (last.at(-1) ?? 0) ^ 1;
  for (const [name, bytes] of Object.entries({
    last,
    longer: Buffer.concat([content, Buffer.from([0])]),
    shorter: content.subarray(0, -1),
  })) {
    await writeFile(path(`${name}.bin`), bytes);
    expect([name, await verdict('pump.json', `${name}.bin`)]).not.toEqual([name, 0]);
  }
  const manifest = await readFile(path('pump.json'), 'utf8');
  for (const size of [2 ** 31, 2 ** 32 + content.length, -content.length]) {
    await writeFile(path('size.json'), manifest.replace(/"size": ?\d+/, `"size":${size}`));
    expect([size, await verdict('size.json', 'pump.bin')]).not.toEqual([size, 0]);
  }
});

known('CVE-2020-25860', async () => {
  const url = `http://127.0.0.1:${hub.info.ports.http}/iotctl/artifacts/${sha256}`;
  const fetchIt = () => fetch(url, { headers: { authorization: ownerToken(hub.info) } });
  expect(Buffer.from(await (await fetchIt()).arrayBuffer()).equals(content)).toBe(true);
  // Swapped behind its check, without a change of its length.
  const stored = path(`data/hub/artifacts/${sha256}`);
  const other = Buffer.from(content);
  other.fill(0, 100, 200);
  await writeFile(stored, other);
  try {
    const served = await fetchIt().then(
      async (answer) => (answer.ok ? Buffer.from(await answer.arrayBuffer()) : undefined),
      () => undefined,
    );
    // What reaches a device is refused there by its digest in any case; see the device's own tests.
    if (served !== undefined) expect(createHash('sha256').update(served).digest('hex')).toBe(sha256);
  } finally {
    await writeFile(stored, content);
  }
});

known('CVE-2025-67903', async () => {
  const signed = JSON.parse(await readFile(path('pump.json'), 'utf8')) as Record<string, unknown>;
  const manifest = (signed['manifest'] ?? signed) as Record<string, unknown>;
  await hub.box.shell(
    'iotctl firmware keygen stranger && iotctl firmware sign pump.bin pump@2.0.0 --hardware pump-v2 --key stranger.key --out strange.json',
  );
  const variants: Readonly<Record<string, object>> = {
    'without signatures': Object.fromEntries(Object.entries(signed).filter(([name]) => !/sign/i.test(name))),
    'signatures empty': { ...signed, signatures: [], signature: '' },
    'signature null': { ...signed, signatures: null, signature: null },
    'manifest alone': manifest,
    changed: JSON.parse(JSON.stringify(signed).replace('pump-v2', 'pump-v3')) as object,
  };
  for (const [name, value] of Object.entries(variants)) {
    await writeFile(path('variant.json'), JSON.stringify(value));
    expect([name, await verdict('variant.json', 'pump.bin')]).not.toEqual([name, 0]);
  }
  expect(await verdict('strange.json', 'pump.bin')).not.toBe(0);
});

known('CVE-2022-21449', async () => {
  const signed = await readFile(path('pump.json'), 'utf8');
  const zeros = Buffer.alloc(64).toString('base64');
  const changed = signed.replaceAll(/"[A-Za-z0-9+/_-]{86}(?:==)?"/g, JSON.stringify(zeros));
  expect(changed).not.toBe(signed);
  await writeFile(path('zeros.json'), changed);
  expect(await verdict('zeros.json', 'pump.bin')).not.toBe(0);
});

known('CVE-2026-28525', async () => {
  const { port, host } = { port: hub.info.ports.http ?? 0, host: '127.0.0.1' };
  for (const headers of [
    'Content-Length: -1',
    'Content-Length: 0',
    'Content-Length: 18446744073709551615',
    'Content-Length: 10\r\nContent-Length: 20',
    'Content-Length: 5\r\nTransfer-Encoding: chunked',
    'Transfer-Encoding: chunked',
  ]) {
    const socket = connect({ host, port }).on('error', () => undefined);
    await once(socket, 'connect');
    const body = headers.endsWith('chunked') ? 'fffffffffffffffff\r\nx\r\n' : 'short';
    socket.end(
      `PUT /iotctl/artifacts/${sha256.replace(/^./, 'f')} HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${ownerToken(hub.info)}\r\n${headers}\r\n\r\n${body}`,
    );
    let said = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => (said += chunk));
    await new Promise<void>((resolve) => socket.once('close', () => resolve()));
    expect([headers, said.startsWith('HTTP/1.1 2')]).toEqual([headers, false]);
  }
  expect((await hub.request('GET', '/iotctl/status')).status).toBe(200);
  expect(parseConnectionString(hub.info.connectionString).hostName).toBe('localhost');
});

interface Member {
  readonly name: string;
  readonly type: string;
  readonly link?: string;
  readonly body?: string;
}

/** An archive as `hub backup` writes it, but for these members. */
function archiveOf(members: readonly Member[]): Buffer {
  const parts = members.flatMap(({ name, type, link = '', body = '' }) => {
    const header = Buffer.from(tarHeader({ name: 'x', size: body.length }, 0));
    header.fill(0, 0, 100).write(name, 0, 100, 'latin1');
    header.write(type, 156, 'latin1');
    header.fill(0, 157, 257).write(link, 157, 100, 'latin1');
    header.fill(0x20, 148, 156);
    const sum = header.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    return [header, Buffer.from(body), Buffer.from(tarPadding(body.length))];
  });
  return zstdCompressSync(Buffer.concat([...parts, Buffer.from(tarEnd())]));
}

async function expectRefused(members: (victim: string) => readonly Member[]): Promise<void> {
  const victim = path('victim.txt');
  await writeFile(victim, 'as it was');
  await writeFile(path('evil.tar.zst'), archiveOf(members(victim)));
  await mkdir(path('into'), { recursive: true });
  const { code, stderr } = await hub.box.run(['hub', 'restore', 'evil.tar.zst', '--data', 'into', '--force', '--yes']);
  expect({ code, stderr }).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^error: .*cannot be restored|is no backup/) as string,
  });
  expect(await readFile(victim, 'utf8')).toBe('as it was');
  await expect(stat(path('escaped.txt'))).rejects.toThrow();
}

known('CVE-2026-23745', async () => {
  await expectRefused((victim) => [
    { name: 'registry.db', type: '1', link: victim },
    { name: 'registry.db', type: '0', body: 'evil' },
  ]);
  await expectRefused((victim) => [
    { name: 'registry.db', type: '2', link: victim },
    { name: 'registry.db', type: '0', body: 'evil' },
  ]);
});
known('CVE-2026-24842', () =>
  expectRefused(() => [
    { name: 'blobs/x', type: '1', link: '../../victim.txt' },
    { name: 'blobs/x', type: '0', body: 'evil' },
  ]),
);
known('CVE-2026-26960', () =>
  expectRefused(() => [
    { name: 'a', type: '2', link: '..' },
    { name: 'b', type: '1', link: 'a/victim.txt' },
    { name: 'b', type: '0', body: 'evil' },
  ]),
);
known('CVE-2021-32803', () =>
  expectRefused(() => [
    { name: 'blobs', type: '5' },
    { name: 'blobs', type: '2', link: '..' },
    { name: 'blobs/victim.txt', type: '0', body: 'evil' },
  ]),
);
known('CVE-2021-32804', async () => {
  await expectRefused((victim) => [{ name: victim, type: '0', body: 'evil' }]);
  await expectRefused(() => [{ name: '../escaped.txt', type: '0', body: 'evil' }]);
  await expectRefused(() => [{ name: 'blobs/../../escaped.txt', type: '0', body: 'evil' }]);
});
