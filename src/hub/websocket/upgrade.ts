/** Upgrades requests on the HTTP ports to WebSockets. Source: device.md §0. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocketServer } from 'ws';
import { isWebSocketPath, protocolOf, type WebSocketProtocol } from './paths.ts';
import { streamOf } from './stream.ts';

/** Takes the stream of an upgraded request; `socket` is the connection under it. */
export type AcceptWebSocket = (stream: Duplex, protocol: WebSocketProtocol, socket: Duplex) => void;

/** Handler of a server's `upgrade` event. */
export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** The largest message inside a WebSocket: some SDKs put a whole publish in one. */
const maxPayload = 1024 * 1024;

/** The package is loaded with the first request that asks for a WebSocket. */
export function createUpgrade(accept: AcceptWebSocket, onError: (error: unknown) => void): Upgrade {
  let loading: Promise<WebSocketServer> | undefined;
  return (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((token) => token.trim());
    const token = offered.find((name) => protocolOf(name) !== undefined);
    const protocol = token === undefined ? undefined : protocolOf(token);
    if (!isWebSocketPath(request.url) || protocol === undefined) {
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    loading ??= loadServer();
    loading.then(
      (server) =>
        server.handleUpgrade(request, socket, head, (upgraded) => accept(streamOf(upgraded), protocol, socket)),
      (error: unknown) => {
        onError(error);
        socket.destroy();
      },
    );
  };
}

async function loadServer(): Promise<WebSocketServer> {
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
