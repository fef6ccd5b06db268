import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadCertificates } from '../../../src/hub/tls/index.ts';

const names = ['localhost', '127.0.0.1', '::1'];
const dayMs = 86_400_000;
let directory: string;

beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'iotctl-tls-')), 'tls');
});

afterEach(async () => {
  await rm(join(directory, '..'), { recursive: true, force: true });
});

const read = (name: string): Promise<string> => readFile(join(directory, name), 'utf8');

test('when there is nothing, an authority and a server certificate are made that fit together', async () => {
  const { server, caFile } = await loadCertificates(directory, [...names, 'hub.example'], Date.now());
  const authority = new X509Certificate(await readFile(caFile));
  const certificate = new X509Certificate(server.certificate);
  expect([authority.ca, certificate.ca]).toEqual([true, false]);
  expect(certificate.verify(authority.publicKey)).toBe(true);
  expect(certificate.subjectAltName).toBe(
    'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:hub.example',
  );
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  for (const key of ['ca.key', 'server.key']) expect((await stat(join(directory, key))).mode & 0o777).toBe(0o600);
});

test('when a client trusts the authority file, TLS to localhost is trusted', async () => {
  const { server, caFile } = await loadCertificates(directory, names, Date.now());
  const listener = createServer({ key: server.key, cert: server.certificate }, (socket) => socket.end('hello'));
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  const authority = await readFile(caFile);
  const trusted = await new Promise<boolean>((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca: [authority] }, () =>
      resolve(socket.authorized),
    );
    socket.on('error', reject).resume();
  }).finally(() => listener.close());
  expect(trusted).toBe(true);
  expect(caFile).toBe(join(directory, 'ca.pem'));
});

test('when the hub starts again, nothing is made anew', async () => {
  const first = await loadCertificates(directory, names, Date.now());
  const second = await loadCertificates(directory, names, Date.now());
  expect(second.server).toEqual(first.server);
});

test('when a host name is added, the server certificate is new and the authority is kept', async () => {
  const first = await loadCertificates(directory, names, Date.now());
  const authority = await read('ca.pem');
  const second = await loadCertificates(directory, [...names, 'hub.example'], Date.now());
  expect(second.server.certificate).not.toBe(first.server.certificate);
  expect(new X509Certificate(second.server.certificate).checkHost('hub.example')).toBe('hub.example');
  expect(await read('ca.pem')).toBe(authority);
});

test('when the server certificate nears its end, it is replaced in time', async () => {
  const now = Date.now();
  const first = await loadCertificates(directory, names, now);
  expect((await loadCertificates(directory, names, now + 300 * dayMs)).server).toEqual(first.server);
  const later = await loadCertificates(directory, names, now + 340 * dayMs);
  expect(Date.parse(new X509Certificate(later.server.certificate).validTo)).toBeGreaterThan(now + 600 * dayMs);
});

test('when a start was cut short between key and certificate, the pair is made again', async () => {
  await loadCertificates(directory, names, Date.now());
  const other = join(directory, '..', 'other');
  await loadCertificates(other, names, Date.now());
  await writeFile(join(directory, 'server.key'), await readFile(join(other, 'server.key')));
  const { server } = await loadCertificates(directory, names, Date.now());
  expect(new X509Certificate(server.certificate).checkHost('localhost')).toBe('localhost');
  expect(server.key).toBe(await read('server.key'));
});

test('when a certificate file is damaged, the hub says so and leaves it alone', async () => {
  await loadCertificates(directory, names, Date.now());
  await writeFile(join(directory, 'ca.pem'), 'not a certificate');
  await expect(loadCertificates(directory, names, Date.now())).rejects.toMatchObject({ code: 'invalid-config' });
  expect(await read('ca.pem')).toBe('not a certificate');
});
