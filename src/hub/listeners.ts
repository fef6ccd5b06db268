import type { Server, Socket } from 'node:net';
import { Failure } from '../errors/index.ts';
import { sleep, type Clock } from '../std/clock.ts';
import type { Door } from './door.ts';
import { portKinds, type PortChoice, type PortFallback, type PortName } from './ports.ts';
import { messageOf } from '../std/message-of.ts';

/** One port that listens, on one address or more. */
export interface Listener {
  readonly name: PortName;
  readonly port: number;
  readonly fallback: PortFallback | undefined;
  /** Connections that are open, and those taken since the start. */
  readonly open: number;
  readonly accepted: number;
  /** Takes no more connections; those there are go on. */
  stop(): void;
  /** Closes connections with nothing in progress; answers how many are left. */
  closeIdle(): number;
  /** Cuts the connections that are still open. */
  destroy(): void;
}

export interface ListenRequest {
  readonly name: PortName;
  readonly choice: Exclude<PortChoice, 'off'>;
  /** What replaced the default before, to be tried before any other. */
  readonly earlier?: number | undefined;
  /** All must be there, except that `::1` and `::` are left out where the machine has no IPv6. */
  readonly addresses: readonly string[];
  readonly createServer: () => Server;
  /** Who may come in; everybody when absent. */
  readonly door?: Door | undefined;
  /** Told of failures of a port that listens already, such as too many open files. */
  readonly onError: (error: unknown) => void;
}

const backlog = 4_096;
/** A free port on one address can be taken on the next; then another is tried. */
const freePortAttempts = 10;
const drainMs = 3_000;
const drainStepMs = 20;

/** Listens on the chosen port. Failure: `port-taken`, naming the flag that moves it. */
export async function listen(request: ListenRequest): Promise<Listener> {
  const { name, choice } = request;
  const kind = portKinds[name];
  if (choice !== 'auto') {
    try {
      return makeListener(request, await bindAll(request, choice), undefined);
    } catch (error) {
      throw portFailure(name, choice, error);
    }
  }
  try {
    return makeListener(request, await bindAll(request, kind.default), undefined);
  } catch (error) {
    const reason = refusalOf(error);
    if (reason === undefined) throw portFailure(name, kind.default, error);
    const servers = await bindReplacement(request);
    return makeListener(request, servers, {
      name,
      wanted: kind.default,
      got: portOf(servers),
      reason,
      flag: kind.flag,
    });
  }
}

async function bindReplacement(request: ListenRequest): Promise<readonly Server[]> {
  if (request.earlier === undefined) return bindAll(request, 0);
  try {
    return await bindAll(request, request.earlier);
  } catch {
    return bindAll(request, 0);
  }
}

async function bindAll(request: ListenRequest, port: number): Promise<readonly Server[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await bindEach(request, port);
    } catch (error) {
      if (port !== 0 || attempt >= freePortAttempts || codeOf(error) !== 'EADDRINUSE') throw error;
    }
  }
}

async function bindEach({ addresses, createServer }: ListenRequest, wanted: number): Promise<readonly Server[]> {
  const servers: Server[] = [];
  let port = wanted;
  for (const address of addresses) {
    const server = createServer();
    try {
      await bind(server, port, address);
    } catch (error) {
      const isAny6 = address === '::1' || address === '::';
      const absent = isAny6 && (codeOf(error) === 'EADDRNOTAVAIL' || codeOf(error) === 'EAFNOSUPPORT');
      if (absent) continue;
      for (const open of servers) open.close();
      throw error;
    }
    servers.push(server);
    port = portOf(servers);
  }
  return servers;
}

function bind(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog, exclusive: true, ipv6Only: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function makeListener(
  { name, door, onError }: ListenRequest,
  servers: readonly Server[],
  fallback: PortFallback | undefined,
): Listener {
  const sockets = new Set<Socket>();
  /** One function for all sockets. */
  function onClose(this: Socket): void {
    sockets.delete(this);
  }
  let accepted = 0;
  for (const server of servers) {
    server.on('error', onError);
    onlyAdmitted(server, name, door);
    server.on('connection', (socket: Socket) => {
      // The door has refused it.
      if (socket.destroyed) return;
      accepted++;
      sockets.add(socket);
      socket.on('close', onClose);
    });
  }
  return {
    name,
    port: portOf(servers),
    fallback,
    get open() {
      return sockets.size;
    },
    get accepted() {
      return accepted;
    },
    stop() {
      for (const server of servers) server.close();
    },
    closeIdle() {
      for (const server of servers) if (isHttpServer(server)) server.closeIdleConnections();
      return sockets.size;
    },
    destroy() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Asks the door before the server's own code sees a connection: before TLS, and before there is anything to be taken back. */
function onlyAdmitted(server: Server, name: PortName, door: Door | undefined): void {
  if (door === undefined) return;
  const { secure, forOperators = false } = portKinds[name];
  const serve = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    if (door.admit(socket, { secure, forOperators })) for (const listener of serve) listener.call(server, socket);
  });
  if (secure) server.prependListener('secureConnection', (stream: Socket) => door.secured(stream));
}

/** An HTTP or HTTPS server; told by its method, because importing the class costs memory (see http/server.ts). */
function isHttpServer(server: Server): server is Server & { closeIdleConnections(): void } {
  return 'closeIdleConnections' in server;
}

/** Lets answers in progress finish, then cuts what is left. */
export async function drain(listeners: readonly Listener[], clock: Clock): Promise<void> {
  const deadline = clock.monotonic() + drainMs;
  while (listeners.some((listener) => listener.closeIdle() > 0) && clock.monotonic() < deadline)
    await sleep(clock, drainStepMs);
  for (const listener of listeners) listener.destroy();
}

function portOf(servers: readonly Server[]): number {
  const address = servers[0]?.address();
  if (typeof address !== 'object' || address === null) throw new Error('a server without an address does not listen');
  return address.port;
}

function portFailure(name: PortName, port: number, error: unknown): Failure {
  const { title, flag } = portKinds[name];
  if (codeOf(error) === 'EADDRNOTAVAIL') return notOurAddress(name, error);
  const reason = refusalOf(error);
  const why = reason === undefined ? `cannot be opened: ${messageOf(error)}` : `is ${reason}`;
  return new Failure('port-taken', `port ${port} for ${title} ${why}`, {
    cause: error,
    hint: `choose another with ${flag} PORT, or ${flag} 0 for a free one`,
    details: { port, flag },
  });
}

function notOurAddress(name: PortName, error: unknown): Failure {
  const address = error instanceof Error && 'address' in error ? ` ${String(error.address)}` : '';
  return new Failure(
    'invalid-value',
    `the address${address} for ${portKinds[name].title} is not one of this machine's`,
    {
      cause: error,
      hint: `give ${name === 'operations' ? '--operations-listen' : '--listen'} an address of this machine, or * for all of them`,
    },
  );
}

function refusalOf(error: unknown): PortFallback['reason'] | undefined {
  const code = codeOf(error);
  if (code === 'EADDRINUSE') return 'in use by another program';
  return code === 'EACCES' || code === 'EPERM' ? 'not allowed without more rights' : undefined;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
