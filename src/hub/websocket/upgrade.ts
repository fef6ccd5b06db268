/** Upgrades requests on the HTTP ports to WebSockets. Source: device.md §0. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocketServer } from 'ws';
import { isWebSocketPath, protocolOf, type WebSocketProtocol } from './paths.ts';
import { defaultLimits, type HubLimits } from '../limits/index.ts';
import { streamOf } from './stream.ts';

/** Takes the stream of an upgraded request; `socket` is the connection under it. */
export type AcceptWebSocket = (stream: Duplex, protocol: WebSocketProtocol, socket: Duplex) => void;

/** Handler of a server's `upgrade` event. */
export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export interface UpgradeParts {
  readonly limits?: HubLimits['webSocket'] | undefined;
  /** True when there is no connection left for a device. */
  readonly isFull?: (() => boolean) | undefined;
  /** True as long as the peer of the connection has not shown who it is. */
  readonly isStranger?: ((socket: Duplex) => boolean) | undefined;
  /** Told when WebSockets cannot be served at all. */
  readonly onError: (error: unknown) => void;
}

/** The package is loaded with the first request that asks for a WebSocket. */
export function createUpgrade(
  accept: AcceptWebSocket,
  { limits = defaultLimits.webSocket, isFull = () => false, isStranger = () => false, onError }: UpgradeParts,
): Upgrade {
  let loading: Promise<WebSocketServer> | undefined;
  return (request, socket, head) => {
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((token) => token.trim());
    const token = offered.find((name) => protocolOf(name) !== undefined);
    const protocol = token === undefined ? undefined : protocolOf(token);
    if (!isWebSocketPath(request.url) || protocol === undefined) {
      refuseUpgrade(socket, '400 Bad Request');
      return;
    }
    if (isFull()) {
      refuseUpgrade(socket, '503 Service Unavailable');
      return;
    }
    socket.on('error', () => socket.destroy());
    loading ??= loadServer(limits.messageBytes);
    loading.then(
      (server) =>
        server.handleUpgrade(request, socket, head, (upgraded) => {
          accept(streamOf(upgraded), protocol, socket);
          boundStranger(socket, limits.unauthenticatedBytes, isStranger);
        }),
      (error: unknown) => {
        onError(error);
        socket.destroy();
      },
    );
  };
}

/** Answers an upgrade that is not taken. Nobody else listens to the socket any more: a reset of its peer must not end the process. */
export function refuseUpgrade(socket: Duplex, status: string): void {
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/** A message is put together before anybody sees it: what a stranger has sent of one is counted here, underneath. */
function boundStranger(socket: Duplex, most: number, isStranger: (socket: Duplex) => boolean): void {
  let received = 0;
  const count = (chunk: Buffer): void => {
    received += chunk.length;
    if (!isStranger(socket)) socket.off('data', count);
    else if (received > most) socket.destroy();
  };
  if (isStranger(socket)) socket.on('data', count);
}

async function loadServer(maxPayload: number): Promise<WebSocketServer> {
  const { WebSocketServer } = await import('ws');
  return new WebSocketServer({
    noServer: true,
    maxPayload,
    perMessageDeflate: false,
    // The stream answers: never more than the peer reads.
    autoPong: false,
    // The token goes back exactly as it was offered.
    handleProtocols: (offered) => [...offered].find((token) => protocolOf(token) !== undefined) ?? false,
  });
}
