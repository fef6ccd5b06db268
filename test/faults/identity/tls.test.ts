/** C-35: TLS from both sides: the hub speaks nothing old and nothing weak, our clients believe no bad certificate. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CertificatePair } from '../../../src/x509/pair.ts';
import { report } from '../support/report.ts';
import { badCertificates, makeAuthorities, startBadServer } from './support/bad-servers.ts';
import { startLiveHub, type LiveHub } from './support/live-hub.ts';
import { ourClients, tellsSecret, wordsOf, type OurClient } from './support/our-clients.ts';

const lan = '127.0.0.5';
const securePorts = ['mqtts', 'amqps', 'https'] as const;
const plainPorts = ['mqtt', 'amqp', 'http'] as const;

let hub: LiveHub;
beforeAll(async () => {
  // An address that is not that of the plain ports stands for the network.
  hub = await startLiveHub({ addresses: [lan] });
});
afterAll(() => hub.close());

function handshake(port: number, options: ConnectionOptions): Promise<TLSSocket | Error> {
  return new Promise((resolve) => {
    const socket = connect({ host: lan, servername: 'localhost', port, ca: hub.ca, ...options });
    socket.once('secureConnect', () => resolve(socket));
    socket.once('error', (error) => resolve(error));
  });
}

describe('C-35, the hub', () => {
  it.each([
    ['TLSv1', false],
    ['TLSv1.1', false],
    ['TLSv1.2', true],
    ['TLSv1.3', true],
  ] as const)('%s: %s', async (version, isTaken) => {
    for (const name of securePorts) {
      const port = hub.info.ports[name] ?? 0;
      const answer = await handshake(port, { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' });
      expect(answer instanceof Error, name).toBe(!isTaken);
      if (answer instanceof Error) continue;
      expect(answer.getProtocol()).toBe(version);
      expect(answer.getCipher().name).toMatch(/GCM|CHACHA20|CCM|CBC|SHA384|SHA256/);
      answer.destroy();
    }
  });

  it.each(['NULL', 'aNULL', 'EXPORT', 'RC4', 'DES', '3DES', 'MD5', 'PSK', 'SEED', 'IDEA', 'RC2', 'kRSA'])(
    'no cipher of the kind %s',
    async (kind) => {
      let refused = 0;
      for (const name of securePorts) {
        try {
          const answer = await handshake(hub.info.ports[name] ?? 0, {
            maxVersion: 'TLSv1.2',
            ciphers: `${kind}@SECLEVEL=0`,
          });
          if (answer instanceof Error) refused++;
          else answer.destroy();
        } catch {
          // This OpenSSL does not know any of them itself.
          refused++;
        }
      }
      expect(refused).toBe(securePorts.length);
    },
  );

  it('a handshake is not begun anew', async () => {
    for (const name of securePorts) {
      const socket = await handshake(hub.info.ports[name] ?? 0, { maxVersion: 'TLSv1.2' });
      if (socket instanceof Error) throw socket;
      socket.on('error', () => undefined);
      const outcome = await new Promise<string>((resolve) => {
        const timer = setTimeout(() => resolve('refused'), 150);
        socket.renegotiate({}, (error) => {
          clearTimeout(timer);
          resolve(error === null ? 'renegotiated' : 'refused');
        });
      });
      expect(outcome, name).toBe('refused');
      socket.destroy();
    }
  });

  it('without TLS it cannot be reached from the network', async () => {
    for (const name of plainPorts) {
      const outcome = await new Promise<string>((resolve) => {
        const socket = connectPlain({ host: lan, port: hub.info.ports[name] ?? 0 });
        socket.once('connect', () => resolve('connected'));
        socket.once('error', (error) => resolve('code' in error ? String(error.code) : error.message));
        socket.once('close', () => socket.destroy());
      });
      expect(outcome, name).toBe('ECONNREFUSED');
    }
    for (const name of securePorts) {
      const answer = await handshake(hub.info.ports[name] ?? 0, {});
      expect(answer).not.toBeInstanceOf(Error);
      if (!(answer instanceof Error)) answer.destroy();
    }
    report('C-35', { versionsRefused: 2, cipherKindsRefused: 12, ports: securePorts.length, renegotiations: 0 });
  });
});

describe('C-35, our clients', () => {
  it('none believes a bad certificate, says a byte to who has it, or tells its key in its complaint', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'iotctl-tls-'));
    const authorities = await makeAuthorities();
    const caFile = join(directory, 'ca.pem');
    await writeFile(caFile, authorities.good.certificate);
    const cells: string[] = [];
    const wrong: string[] = [];
    const tryOne = async (why: string, pair: CertificatePair, name: string, client: OurClient): Promise<void> => {
      const cell = `${name}: ${why}`;
      const server = await startBadServer(pair);
      const error: unknown = await client({ port: server.port, ca: authorities.good.certificate, caFile }).then(
        () => 'let in',
        (reason: unknown) => reason,
      );
      cells.push(cell);
      if (!(error instanceof Error)) wrong.push(`${cell}: ${String(error)}`);
      else if (tellsSecret(wordsOf(error))) wrong.push(`${cell}: tells its key: ${wordsOf(error)}`);
      else if (!/cert|TLS|alert|SSL|signed/i.test(error.message))
        wrong.push(`${cell}: something else: ${wordsOf(error)}`);
      if (server.heard().length > 0) wrong.push(`${cell}: said ${server.heard().toString('latin1').slice(0, 80)}`);
      await server.close();
    };
    for (const [why, pair] of await badCertificates(authorities))
      await Promise.all([...ourClients].map(([name, client]) => tryOne(why, pair, name, client)));
    await rm(directory, { recursive: true });
    report('C-35', { clients: ourClients.size, cells: cells.length, believed: wrong.length });
    expect(wrong).toEqual([]);
    expect(cells.length).toBe(ourClients.size * 7);
  });

  it('calibration: with a good certificate each of them speaks', async () => {
    const authorities = await makeAuthorities();
    const directory = await mkdtemp(join(tmpdir(), 'iotctl-tls-'));
    const caFile = join(directory, 'ca.pem');
    await writeFile(caFile, authorities.good.certificate);
    const { issueServer } = await import('../../../src/x509/issue.ts');
    const pair = await issueServer(authorities.good, ['localhost'], Date.now());
    await Promise.all(
      [...ourClients].map(async ([name, client]) => {
        const server = await startBadServer(pair);
        const done = client({ port: server.port, ca: authorities.good.certificate, caFile }).catch(() => undefined);
        await expect.poll(() => server.heard().length, { message: name, timeout: 3_000 }).toBeGreaterThan(10);
        await server.close();
        await done;
      }),
    );
    await rm(directory, { recursive: true });
  });
});
