import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { registerDevice } from '../../../src/device/index.ts';
import { parseSasToken, verifySasToken } from '../../../src/protocol/sas-token.ts';
import type { JsonValue } from '../../../src/std/json.ts';
import { realClock } from '../../support/real-clock.ts';

const key = Buffer.alloc(32, 3).toString('base64');
const assigned = {
  operationId: '5.a',
  status: 'assigned',
  registrationState: { registrationId: 'r1', assignedHub: 'hub', deviceId: 'd1', status: 'assigned' },
};

type Step = readonly [status: number, body: unknown, headers?: Record<string, string>];

describe('registering as a device', () => {
  const closing: (() => void)[] = [];
  afterEach(() => closing.splice(0).forEach((close) => close()));

  /** A service that answers each request with the next step. */
  async function service(...steps: Step[]) {
    const seen: { line: string; headers: IncomingMessage['headers']; body: string }[] = [];
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        const [status, content, headers] = steps[Math.min(seen.length, steps.length - 1)] ?? [500, ''];
        seen.push({ line: `${request.method} ${request.url}`, headers: request.headers, body });
        response.writeHead(status, { 'retry-after': '0', ...headers });
        response.end(typeof content === 'string' ? content : JSON.stringify(content));
      });
    };
    const server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(
      () => server.closeAllConnections(),
      () => server.close(),
    );
    const { port } = server.address() as AddressInfo;
    const register = (more: { payload?: JsonValue; timeoutMs?: number; signal?: AbortSignal } = {}) =>
      registerDevice({
        transport: 'https',
        endpoint: { host: '127.0.0.1', port, tls: false },
        idScope: '0ne1',
        registrationId: 'r1',
        proof: { kind: 'key', key },
        clientVersion: 'test',
        clock: realClock,
        timeoutMs: 10_000,
        ...more,
      });
    return { seen, register };
  }

  it('asks until it is assigned, with a token of its own', async () => {
    const assigning = { operationId: '5.a', status: 'assigning' };
    const { seen, register } = await service([202, assigning], [202, assigning], [200, assigned]);
    expect(await register({ payload: { model: 7 } })).toMatchObject({ assignedHub: 'hub', deviceId: 'd1' });
    expect(seen.map(({ line }) => line)).toEqual([
      'PUT /0ne1/registrations/r1/register?api-version=2019-03-31',
      'GET /0ne1/registrations/r1/operations/5.a?api-version=2019-03-31',
      'GET /0ne1/registrations/r1/operations/5.a?api-version=2019-03-31',
    ]);
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ registrationId: 'r1', payload: { model: 7 } });
    const token = parseSasToken(seen[2]?.headers.authorization ?? '');
    expect(token).toMatchObject({ resource: '0ne1%2Fregistrations%2Fr1', keyName: 'registration' });
    expect(verifySasToken(token!, [key])).toBe(true);
  });

  it('when the service is busy, then it comes back and begins where it was', async () => {
    const { seen, register } = await service(
      [429, ''],
      [202, { operationId: '5.a', status: 'assigning' }],
      [503, ''],
      [200, assigned],
    );
    await register();
    expect(seen.map(({ line }) => line.slice(0, 3))).toEqual(['PUT', 'PUT', 'GET', 'GET']);
  });

  it.each([
    ['refuses', [401, { errorCode: 401002, message: 'Unauthorized' }], 'not-authorised'],
    ['knows no such device', [404, { errorCode: 404201, message: 'none' }], 'not-found'],
    [
      'fails',
      [
        200,
        { operationId: '5.a', status: 'failed', registrationState: { errorCode: 400207, errorMessage: 'webhook' } },
      ],
      'refused',
    ],
    ['is none', [200, '<html>'], 'hub-failed'],
    ['says assigned and not where', [200, { operationId: '5.a', status: 'assigned' }], 'refused'],
  ] as const)('when the service %s, then that is told', async (_name, step, code) => {
    const { register } = await service(step);
    await expect(register()).rejects.toMatchObject({ code });
  });

  it('when it takes too long, then it gives up; when it is stopped, then at once', async () => {
    const later = [202, { operationId: '5.a', status: 'assigning' }, { 'retry-after': '30' }] as const;
    const slow = await service(later);
    await expect(slow.register({ timeoutMs: 1_000 })).rejects.toMatchObject({ code: 'timed-out' });
    const stop = new AbortController();
    const stopped = slow.register({ timeoutMs: 60_000, signal: stop.signal });
    setTimeout(() => stop.abort(new Error('stopped')), 50);
    await expect(stopped).rejects.toThrow('stopped');
  });

  it('when nobody is there, then that is told', async () => {
    const { register } = await service([200, '']);
    closing.splice(0).forEach((close) => close());
    await expect(register()).rejects.toMatchObject({ code: 'hub-unreachable' });
  });

  it('when the service closes before it has taken the connection, then that is an end', async () => {
    const server = createTcpServer((socket) => socket.once('data', () => socket.destroy()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    const registering = registerDevice({
      transport: 'mqtt',
      endpoint: { host: '127.0.0.1', port, tls: false },
      idScope: 'scope',
      registrationId: 'r1',
      proof: { kind: 'key', key },
      clientVersion: 'test',
      clock: realClock,
      timeoutMs: 60_000,
    });
    await expect(registering).rejects.toMatchObject({ code: 'hub-unreachable' });
  });

  it('when the service mirrors the token, then it is told to nobody', async () => {
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(400).end(JSON.stringify({ errorCode: 400, message: request.headers.authorization }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => server.close());
    const registering = registerDevice({
      transport: 'https',
      endpoint: { host: '127.0.0.1', port: (server.address() as AddressInfo).port, tls: false },
      idScope: 'scope',
      registrationId: 'r1',
      proof: { kind: 'key', key },
      clientVersion: 'test',
      clock: realClock,
      timeoutMs: 5_000,
    });
    await expect(registering).rejects.toThrow(/redacted/);
    await expect(registering).rejects.not.toThrow(/sig=/);
  });
});
