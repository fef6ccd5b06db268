/** Whether AMQP can use its own port, or has to go over a WebSocket on port 443. */
import { connect } from 'node:net';
import type { AmqpWebSocketMode } from '../config/profile.ts';
import type { Clock } from '../std/clock.ts';

export interface AmqpRouteOptions {
  readonly host: string;
  /** 5671 when absent. */
  readonly port?: number;
  /** What the profile says; `auto` when absent. */
  readonly mode?: AmqpWebSocketMode | undefined;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/** A port that is filtered stays silent; one that is open answers within a round trip. */
const patienceMs = 3_000;

/** Decides by a connection attempt: `tcp` where the port accepts one within 3 s, else `websocket`. Rejects with the signal's reason only. */
export async function chooseAmqpRoute(options: AmqpRouteOptions): Promise<'tcp' | 'websocket'> {
  const { host, port = 5671, mode = 'auto', clock, signal } = options;
  signal?.throwIfAborted();
  if (mode !== 'auto') return mode === 'always' ? 'websocket' : 'tcp';
  const decision = Promise.withResolvers<'tcp' | 'websocket'>();
  const socket = connect({ host, port });
  const onAbort = (): void => decision.reject(signal?.reason as Error);
  const cancel = clock.after(patienceMs, () => decision.resolve('websocket'));
  signal?.addEventListener('abort', onAbort, { once: true });
  socket.once('connect', () => decision.resolve('tcp'));
  socket.once('error', () => decision.resolve('websocket'));
  try {
    return await decision.promise;
  } finally {
    cancel();
    signal?.removeEventListener('abort', onAbort);
    socket.destroy();
  }
}
