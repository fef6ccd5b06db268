/** C-36: somebody in the middle, who swaps, strips, redirects and mirrors. No token reaches them, and none is told to the operator. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttps } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createTls, type TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqttPacket from 'mqtt-packet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDevice, parseEndpoint } from '../../../src/device/index.ts';
import { issueServer } from '../../../src/x509/issue.ts';
import type { CertificatePair } from '../../../src/x509/pair.ts';
import { lastingPort } from '../../support/lasting-ports.ts';
import { realClock } from '../../support/real-clock.ts';
import { report } from '../support/report.ts';
import { atScale } from '../support/scale.ts';
import { makeAuthorities, startBadServer, type Authorities } from './support/bad-servers.ts';
import { ourClients, secret, tellsSecret, wordsOf, type ClientTarget } from './support/our-clients.ts';

let directory: string;
let authorities: Authorities;
let good: CertificatePair;
let evil: CertificatePair;
const target = (port: number): ClientTarget => ({
  port,
  ca: authorities.good.certificate,
  caFile: join(directory, 'ca.pem'),
});
const operator = ourClients.get('operator over HTTPS') ?? (() => Promise.reject(new Error('none')));
const registration = ourClients.get('registration over HTTPS') ?? (() => Promise.reject(new Error('none')));

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'iotctl-mitm-'));
  authorities = await makeAuthorities();
  good = await issueServer(authorities.good, ['localhost'], Date.now());
  evil = await issueServer(authorities.other, ['localhost'], Date.now());
  await writeFile(join(directory, 'ca.pem'), authorities.good.certificate);
});
afterAll(() => rm(directory, { recursive: true }));

interface Web {
  readonly port: number;
  readonly requests: IncomingMessage[];
  close(): Promise<void>;
}

async function startWeb(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Web> {
  const requests: IncomingMessage[] = [];
  const server = createHttps({ key: good.key, cert: good.certificate }, (request, response) => {
    requests.push(request);
    request.resume();
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function complaintOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Error);
  return wordsOf(error);
}

describe('C-36', () => {
  it('a certificate that is swapped midway gets no second word', async () => {
    const heard: string[] = [];
    const serve = (pair: CertificatePair, port: number) =>
      new Promise<{ port: number; stop: () => Promise<void> }>((resolve) => {
        const sockets = new Set<TLSSocket>();
        const server = createTls({ key: pair.key, cert: pair.certificate }, (socket) => {
          sockets.add(socket);
          socket.on('error', () => undefined);
          socket.on('data', (chunk: Buffer) => {
            heard.push(pair === good ? 'good' : 'evil');
            if (chunk[0] === 0x10)
              socket.write(mqttPacket.generate({ cmd: 'connack', returnCode: 0, sessionPresent: false }));
          });
        });
        server.on('tlsClientError', () => undefined);
        server.listen(port, '127.0.0.1', () =>
          resolve({
            port: (server.address() as AddressInfo).port,
            stop: () => {
              for (const socket of sockets) socket.destroy();
              return new Promise((done) => server.close(() => done()));
            },
          }),
        );
      });
    const first = await serve(good, await lastingPort());
    let attempts = 0;
    const device = openDevice({
      credentials: { hostName: 'localhost', deviceId: 'dev1', sharedAccessKey: secret },
      endpoint: parseEndpoint(`mqtts://localhost:${first.port}`, authorities.good.certificate),
      clock: realClock,
      random: () => 0,
      limits: { backoff: { firstMs: 20, maximumMs: 40 }, connectTimeoutMs: 1_000, answerTimeoutMs: 1_000 },
      onState: () => void attempts++,
    } as never);
    await expect.poll(() => heard.length, { timeout: 3_000 }).toBeGreaterThan(0);
    await first.stop();
    heard.length = 0;
    const middle = await serve(evil, first.port);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(heard).toEqual([]);
    await middle.stop();
    const again = await serve(good, first.port);
    await expect.poll(() => heard, { timeout: 5_000 }).toContain('good');
    expect(heard).not.toContain('evil');
    await device.close();
    await again.stop();
    report('C-36', { attack: 'certificate swapped midway', bytesToTheOther: 0, stateChanges: attempts });
  });

  it.each([301, 302, 303, 307, 308])('a redirect (%i) to another host is not followed', async (status) => {
    const other = await startWeb((_request, response) => void response.end('{}'));
    const web = await startWeb((request, response) => {
      response.writeHead(status, { location: `https://localhost:${other.port}${request.url}` }).end();
    });
    for (const client of [operator, registration])
      expect(tellsSecret(await complaintOf(client(target(web.port))))).toBe(false);
    expect(web.requests.length).toBeGreaterThan(0);
    expect(web.requests[0]?.headers.authorization).toContain('SharedAccessSignature');
    expect(other.requests).toEqual([]);
    await web.close();
    await other.close();
  });

  it('where TLS was taken away, nothing is said in plain text', async () => {
    await Promise.all(
      [...ourClients].map(async ([name, client]) => {
        const server = await startBadServer(undefined);
        expect(tellsSecret(await complaintOf(client({ ...target(server.port), patienceMs: 800 }))), name).toBe(false);
        const heard = server.heard().toString('latin1');
        expect(heard.length, name).toBeGreaterThan(0);
        expect(heard, name).not.toContain('SharedAccess');
        expect(heard, name).not.toContain(secret);
        await server.close();
      }),
    );
  });

  // The last ones are tried again and again, so they take long.
  const statuses = [200, 400, 401, 403, 404, 409, 412, ...atScale({ smoke: [], full: [429, 500, 503] })];
  it.each(statuses)('a server (%i) that mirrors the token does not get it onto the screen', async (status) => {
    const web = await startWeb((request, response) => {
      const token = request.headers.authorization ?? '';
      const body = {
        Message: `ErrorCode:IotHubUnauthorizedAccess;you said ${token} with sharedAccessKey=${secret}`,
        ExceptionMessage: `Tracking ID:${token}`,
        errorCode: 401002,
        message: token,
        trackingId: token,
        info: { token },
      };
      response
        .writeHead(status, {
          'content-type': 'application/json',
          'iothub-errorcode': token.slice(0, 200),
          'x-ms-request-id': token,
          'retry-after': '0',
        })
        .end(JSON.stringify(body));
    });
    for (const client of [operator, registration]) {
      const words = await complaintOf(client(target(web.port)));
      expect(tellsSecret(words), words).toBe(false);
    }
    expect(web.requests.length).toBeGreaterThan(0);
    await web.close();
  });
});
