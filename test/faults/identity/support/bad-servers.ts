/** Servers with certificates that nobody may take, which note whatever is said to them all the same. */
import { createServer, type TLSSocket, type Server } from 'node:tls';
import { createServer as createPlain, type AddressInfo, type Server as PlainServer, type Socket } from 'node:net';
import { issueAuthority, issueClient, issueSelfSigned, issueServer } from '../../../../src/x509/issue.ts';
import type { CertificatePair } from '../../../../src/x509/pair.ts';

export interface BadServer {
  readonly port: number;
  /** Bytes that came through TLS, or as they are where there is none. */
  readonly heard: () => Buffer;
  readonly connections: () => number;
  close(): Promise<void>;
}

export interface Authorities {
  /** The one that clients trust. */
  readonly good: CertificatePair;
  readonly other: CertificatePair;
}

const day = 86_400_000;

export async function makeAuthorities(): Promise<Authorities> {
  // Old enough to have signed what has run out since.
  const now = Date.now() - 5 * 365 * day;
  return { good: await issueAuthority(now, { days: 3_650 }), other: await issueAuthority(now, { days: 3_650 }) };
}

/** Each by why it is bad. */
export async function badCertificates({ good, other }: Authorities): Promise<ReadonlyMap<string, CertificatePair>> {
  const names = ['localhost', '127.0.0.1'];
  const now = Date.now();
  return new Map([
    ['expired', await issueServer(good, names, now - 4 * 365 * day)],
    ['not yet valid', await issueServer(good, names, now + 30 * day)],
    ['wrong host', await issueServer(good, ['another.example'], now)],
    [
      'look-alike host',
      await issueServer(
        good,
        ['localhost.evil.example', 'localhos\u0442'.normalize('NFKD').replace('\u0442', 't2')],
        now,
      ),
    ],
    ['unknown authority', await issueServer(other, names, now)],
    ['self-signed', await issueSelfSigned({ commonName: 'localhost', now, days: 10 })],
    ['for clients alone', await issueClient(good, { commonName: 'localhost', now, days: 10 })],
  ]);
}

export async function startBadServer(pair: CertificatePair | undefined, port = 0): Promise<BadServer> {
  const chunks: Buffer[] = [];
  const sockets = new Set<{ destroy(): void }>();
  let connections = 0;
  let isClosing = false;
  const listen = (stream: TLSSocket | Socket): void => {
    connections++;
    sockets.add(stream);
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      // What somebody who strips TLS says to a handshake.
      if (pair === undefined) stream.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    });
  };
  const server: Server | PlainServer =
    pair === undefined ? createPlain(listen) : createServer({ key: pair.key, cert: pair.certificate }, listen);
  server.on('tlsClientError', () => undefined);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    if (isClosing) socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    heard: () => Buffer.concat(chunks),
    connections: () => connections,
    async close() {
      isClosing = true;
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
