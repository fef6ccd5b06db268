/** TCP between peers and a hub that can fall silent without a word: no FIN, no RST, no byte, in both directions. Kernels here cannot do that. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface FreezingProxy {
  readonly port: number;
  /** From now on nothing passes, of the connections there are. */
  freeze(): void;
  close(): Promise<void>;
}

export async function startFreezingProxy(target: number): Promise<FreezingProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    const pair = [near, far] as const;
    pairs.add(pair);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (chunk) => to.write(chunk));
      from.on('error', () => undefined);
      from.once('close', () => {
        to.destroy();
        pairs.delete(pair);
      });
    }
  });
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 2_000 }, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    freeze() {
      for (const [near, far] of pairs) {
        for (const socket of [near, far]) {
          socket.removeAllListeners('data');
          // Paused, it does not even notice the end of the other side, which goes nowhere then.
          socket.pause();
          socket.removeAllListeners('close');
        }
      }
    },
    close() {
      for (const pair of pairs) for (const socket of pair) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
