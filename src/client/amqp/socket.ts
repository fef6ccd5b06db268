/** The byte stream under AMQP: TCP with or without TLS, or a WebSocket where its port is blocked. */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Connection } from '../../config/profile.ts';
import type { Clock } from '../../std/clock.ts';
import { chooseAmqpRoute } from '../amqp-route.ts';
import { proxyAgent, type Environment } from '../proxy.ts';
import { readCa } from '../read-ca.ts';
import type { AmqpEndpoint } from './endpoint.ts';

export interface SocketOptions {
  readonly endpoint: AmqpEndpoint;
  readonly connection: Connection;
  readonly clock: Clock;
  readonly env?: Environment | undefined;
  readonly signal?: AbortSignal | undefined;
}

const connectTimeoutMs = 30_000;
/** Source: service.md §0.2. */
const webSocketPath = '/$iothub/websocket';
const webSocketProtocol = 'AMQPWSB10';

/** Connects, with TLS where the endpoint has it. Rejects with the system's error, or the signal's reason. */
export async function openSocket(options: SocketOptions): Promise<Duplex> {
  const { endpoint, connection, clock, signal } = options;
  const route = endpoint.secure
    ? await chooseAmqpRoute({
        host: endpoint.host,
        port: endpoint.port,
        mode: connection.amqpWebSockets,
        clock,
        signal,
      })
    : 'tcp';
  const ca = connection.caFile === undefined ? undefined : await readCa(connection.caFile);
  if (route === 'websocket') return openWebSocket(options, ca);
  if (!endpoint.secure)
    return connected(connectTcp({ host: endpoint.host, port: endpoint.port, noDelay: true }), 'connect', options);
  const { connect: connectTls } = await import('node:tls');
  const socket = connectTls({
    host: endpoint.host,
    port: endpoint.port,
    ALPNProtocols: [],
    ...(ca === undefined ? {} : { ca }),
    ...(isIP(endpoint.host) === 0 ? { servername: endpoint.host } : {}),
  });
  socket.setNoDelay(true);
  return connected(socket, 'secureConnect', options);
}

async function openWebSocket({ endpoint, clock, env, signal }: SocketOptions, ca: string | undefined): Promise<Duplex> {
  const { WebSocket, createWebSocketStream } = await import('ws');
  const url = new URL(`${endpoint.webSocketOrigin}${webSocketPath}`);
  const agent = env === undefined ? undefined : await proxyAgent(url, env, ca === undefined ? {} : { ca });
  const socket = new WebSocket(url, webSocketProtocol, {
    handshakeTimeout: connectTimeoutMs,
    perMessageDeflate: false,
    ...(ca === undefined ? {} : { ca }),
    ...(agent === undefined ? {} : { agent }),
  });
  const stream = createWebSocketStream(socket);
  await settled(
    (done, fail) => {
      socket.once('open', done);
      stream.once('error', fail);
    },
    { clock, signal, give: (error) => stream.destroy(error) },
  );
  return stream;
}

async function connected(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  { clock, signal }: SocketOptions,
): Promise<Duplex> {
  await settled(
    (done, fail) => {
      socket.once(event, done);
      socket.once('error', fail);
    },
    { clock, signal, give: (error) => socket.destroy(error) },
  );
  return socket;
}

/** Waits for a connection, at most so long. `give` ends one that is no longer wanted. */
async function settled(
  listen: (done: () => void, fail: (error: Error) => void) => void,
  { clock, signal, give }: { clock: Clock; signal: AbortSignal | undefined; give: (error: Error) => void },
): Promise<void> {
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = (): void => give(signal?.reason as Error);
  const cancel = clock.after(connectTimeoutMs, () =>
    give(Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' })),
  );
  signal?.addEventListener('abort', onAbort, { once: true });
  listen(resolve, reject);
  try {
    await promise;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}
