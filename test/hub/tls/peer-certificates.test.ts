import { connect, createServer, type Server } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { peerCertificatesOf, tlsOptions } from '../../../src/hub/tls/index.ts';
import type { PeerCertificates } from '../../../src/hub/core/services.ts';
import { issueAuthority, issueServer } from '../../../src/x509/issue.ts';
import { makeCertificate, type DeviceCertificate } from '../../sdk/certificates.ts';

let server: Server;
let ca: string;
let leaf: DeviceCertificate;
let intermediate: DeviceCertificate;
const shown: (PeerCertificates | undefined)[] = [];

beforeAll(async () => {
  const authority = await issueAuthority(Date.now());
  ca = authority.certificate;
  const root = await makeCertificate('root', { authority: true });
  intermediate = await makeCertificate('intermediate', { authority: true, issuer: root });
  leaf = await makeCertificate('device', { issuer: intermediate });
  const options = tlsOptions(await issueServer(authority, ['localhost'], Date.now()));
  server = createServer(options, (socket) => {
    shown.push(peerCertificatesOf(socket));
    socket.end('done');
  });
  server.listen(0);
  await once(server, 'listening');
});

afterAll(() => void server.close());

/** Connects and answers the session that a later connection may go on with. */
async function visit(
  maxVersion: 'TLSv1.2' | 'TLSv1.3',
  certificate?: { cert: string; key: string },
  session?: Buffer,
): Promise<Buffer | undefined> {
  const { port } = server.address() as { port: number };
  const socket = connect({ port, host: 'localhost', ca, maxVersion, session, ...certificate });
  let latest: Buffer | undefined;
  socket.on('session', (given) => (latest = given));
  socket.resume();
  await once(socket, 'close');
  return latest;
}

const der = (pem: string) => new X509Certificate(pem).raw;

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('over %s', (version) => {
  test('when the peer shows no certificate, then it is let in and nothing is told', async () => {
    await visit(version);
    expect(shown.pop()).toBeUndefined();
  });

  test('when it shows one of an authority nobody knows, then it is let in with all it sent along', async () => {
    await visit(version, { cert: `${leaf.cert}\n${intermediate.cert}`, key: leaf.key });
    const peer = shown.pop();
    expect(Buffer.from(peer?.leaf ?? [])).toEqual(der(leaf.cert));
    expect(peer?.issuers.map((issuer) => Buffer.from(issuer))).toEqual([der(intermediate.cert)]);
  });

  test('when it comes again with the session it had, then it still shows the whole chain', async () => {
    const certificate = { cert: `${leaf.cert}\n${intermediate.cert}`, key: leaf.key };
    const session = await visit(version, certificate);
    await visit(version, certificate, session);
    expect(shown.pop()?.issuers).toHaveLength(1);
  });
});

test('when a stream has no TLS, then there is no certificate', () => {
  expect(peerCertificatesOf({})).toBeUndefined();
});
