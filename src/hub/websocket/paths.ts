/** Where WebSockets are opened. Source: device.md §0, service.md §9.2. */
const paths: ReadonlySet<string> = new Set(['/$iothub/websocket', '/$servicebus/websocket']);

/** True for a request target of a WebSocket, whatever its query string: some SDKs append one. */
export function isWebSocketPath(target: string | undefined): boolean {
  const path = (target ?? '').split('?', 1)[0]?.toLowerCase().replace('%24', '$') ?? '';
  return paths.has(path.replace(/\/$/, ''));
}

export type WebSocketProtocol = 'mqtt-ws' | 'amqp-ws';

/** What an offered sub-protocol stands for. The C SDK writes `MQTT`. Source: device.md §0. */
export function protocolOf(token: string): WebSocketProtocol | undefined {
  switch (token.toLowerCase()) {
    case 'mqtt':
      return 'mqtt-ws';
    case 'amqpwsb10':
    case 'amqp':
      return 'amqp-ws';
    default:
      return undefined;
  }
}
