import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { createHttpServer, type HttpFront } from './http/index.ts';
import { listen, type Listener, type ListenRequest } from './listeners.ts';
import type { HubLog } from './log.ts';
import type { MqttFront } from './mqtt/index.ts';
import type { HubOptions } from './options.ts';
import { portKinds, portNames, type PortName } from './ports.ts';
import type { CertificatePair } from './tls/index.ts';

const loopback = ['127.0.0.1', '::1'] as const;

export interface Fronts {
  readonly http: HttpFront;
  readonly mqtt: MqttFront;
  readonly certificate: CertificatePair;
  readonly log: HubLog;
}

/** Opens the chosen ports one by one; each is in `opened` as soon as it listens, so that a failure leaves none behind. */
export async function openListeners(
  options: Pick<HubOptions, 'ports' | 'addresses'>,
  fronts: Fronts,
  opened: Listener[],
): Promise<void> {
  const servers = serversOf(fronts);
  for (const name of portNames) {
    const choice = options.ports?.[name] ?? 'auto';
    if (choice === 'off') continue;
    // Without TLS everything could be read on the way, so those ports are for this machine alone.
    const addresses = portKinds[name].secure ? (options.addresses ?? loopback) : loopback;
    const onError = (error: unknown): void => fronts.log.error({ port: name, err: error }, 'a port has trouble');
    opened.push(await listen({ name, choice, addresses, createServer: servers[name], onError }));
  }
}

function serversOf({ http, mqtt, certificate }: Fronts): Readonly<Record<PortName, ListenRequest['createServer']>> {
  const accept = (socket: Socket, secure: boolean): void => mqtt.accept(socket, { remote: remoteOf(socket), secure });
  const tls = {
    key: certificate.key,
    cert: certificate.certificate,
    minVersion: 'TLSv1.2',
    handshakeTimeout: 8_000,
    noDelay: true,
  } as const;
  return {
    mqtt: () => createServer({ noDelay: true }, (socket) => accept(socket, false)),
    mqtts: () => createTlsServer(tls, (socket) => accept(socket, true)).on('tlsClientError', cut),
    http: () => createHttpServer(http, undefined),
    https: () => createHttpServer(http, certificate),
  };
}

/** Unlike an HTTPS server, a plain TLS server leaves a connection open whose handshake failed or took too long. */
function cut(_error: Error, socket: Socket): void {
  socket.destroy();
}

function remoteOf(socket: Socket): string {
  return `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
}
