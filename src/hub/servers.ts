import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { AmqpFront } from './amqp/index.ts';
import type { Door } from './door.ts';
import { createHttpServer, type HttpFront } from './http/index.ts';
import { createOperationsServer, type Operations } from './operations/index.ts';
import type { HubLimits } from './limits/index.ts';
import { listen, type Listener, type ListenRequest } from './listeners.ts';
import type { PeerCertificates } from './core/services.ts';
import type { HubLog } from './log.ts';
import type { MqttFront } from './mqtt/index.ts';
import type { HubOptions } from './options.ts';
import { forOwnHost } from './own-host.ts';
import { portKinds, portNames, type PortName } from './ports.ts';
import { peerCertificatesOf, tlsOptions, type CertificatePair } from './tls/index.ts';
import { createUpgrade } from './websocket/index.ts';
import type { ReplacementPorts } from './replacement-ports.ts';

const loopback = ['127.0.0.1', '::1'] as const;

export interface Fronts {
  readonly http: HttpFront;
  readonly mqtt: MqttFront;
  readonly amqp: Pick<AmqpFront, 'accept'>;
  readonly certificate: CertificatePair;
  readonly operations: Operations;
  readonly door: Door;
  readonly limits: HubLimits;
  /** Names the hub answers to, lower case, without ports. */
  readonly hostNames: readonly string[];
  readonly log: HubLog;
  /** Of an earlier run. */
  readonly replacements: ReplacementPorts;
}

/** Opens the chosen ports one by one; each is in `opened` as soon as it listens, so that a failure leaves none behind. */
export async function openListeners(
  options: Pick<HubOptions, 'ports' | 'addresses' | 'operationsAddresses'>,
  fronts: Fronts,
  opened: Listener[],
): Promise<void> {
  const servers = serversOf(fronts);
  for (const name of portNames) {
    const choice = options.ports?.[name] ?? portKinds[name].unasked;
    if (choice === 'off') continue;
    const addresses = addressesOf(name, options);
    const onError = (error: unknown): void => fronts.log.error({ port: name, err: error }, 'a port has trouble');
    // The operations port has few connections, and a bound of its own.
    const door = name === 'operations' ? undefined : fronts.door;
    const earlier = fronts.replacements[name];
    opened.push(await listen({ name, choice, earlier, addresses, createServer: servers[name], door, onError }));
  }
}

/** Without TLS everything could be read on the way, so those ports are for this machine alone; the operations port holds no secret. */
function addressesOf(
  name: PortName,
  { addresses = loopback, operationsAddresses = loopback }: Pick<HubOptions, 'addresses' | 'operationsAddresses'>,
): readonly string[] {
  if (name === 'operations') return operationsAddresses;
  return portKinds[name].secure ? addresses : loopback;
}

function serversOf(fronts: Fronts): Readonly<Record<PortName, ListenRequest['createServer']>> {
  const { http, mqtt, amqp, certificate, operations, door, limits, hostNames, log } = fronts;
  const acceptMqtt = (socket: Socket): void => mqtt.accept(socket, peerOf(socket));
  const acceptAmqp = (socket: Socket): void => amqp.accept(socket, { ...peerOf(socket), localPort: socket.localPort });
  const tls = {
    ...tlsOptions(certificate),
    handshakeTimeout: limits.connections.handshakeMs,
    noDelay: true,
  };
  const upgrade = createUpgrade(
    (stream, protocol, socket) => {
      door.carries(stream, socket);
      const peer = peerOf(socket as Socket);
      if (protocol === 'mqtt-ws') mqtt.accept(stream, { ...peer, protocol });
      else amqp.accept(stream, { ...peer, protocol });
    },
    {
      limits: limits.webSocket,
      isFull: () => door.crowded,
      isStranger: (socket) => door.isStranger(socket),
      onError: (error) => log.error({ err: error }, 'WebSockets cannot be served'),
    },
  );
  const web = { limits: { ...limits.http, handshakeMs: limits.connections.handshakeMs }, isFull: () => door.crowded };
  const own = forOwnHost(http, upgrade, { hostNames, log });
  return {
    mqtt: () => createServer({ noDelay: true }, acceptMqtt),
    mqtts: () => createTlsServer(tls, acceptMqtt).on('tlsClientError', cut),
    amqp: () => createServer({ noDelay: true }, acceptAmqp),
    amqps: () => createTlsServer(tls, acceptAmqp).on('tlsClientError', cut),
    http: () => createHttpServer(own.front, undefined, own.upgrade, web),
    https: () => createHttpServer(http, certificate, upgrade, web),
    operations: () => createOperationsServer(operations, log),
  };
}

/** Unlike an HTTPS server, a plain TLS server leaves a connection open whose handshake failed or took too long. */
function cut(_error: Error, socket: Socket): void {
  socket.destroy();
}

function peerOf(socket: Socket): {
  readonly remote: string;
  readonly secure: boolean;
  readonly certificates: PeerCertificates | undefined;
} {
  const remote = `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
  return { remote, secure: 'encrypted' in socket, certificates: peerCertificatesOf(socket) };
}
