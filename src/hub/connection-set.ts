import type { Duplex } from 'node:stream';

interface Closable {
  /** Ends the connection in the manner of its protocol; `onClosed` follows. */
  shutdown(): void;
}

/** The connections of a front: takes them until it closes, and closes when all of them have. */
export class ConnectionSet<Connection extends Closable> {
  readonly #connections = new Set<Connection>();
  readonly #allClosed = Promise.withResolvers<void>();
  #closing = false;

  get size(): number {
    return this.#connections.size;
  }

  /** Makes a connection over the stream, which tells `onClosed` once; a stream that comes too late is destroyed. */
  accept(stream: Duplex, connect: (onClosed: (connection: Connection) => void) => Connection): void {
    if (this.#closing || stream.destroyed) {
      stream.on('error', () => undefined);
      stream.destroy();
      return;
    }
    this.#connections.add(connect(this.#onClosed));
  }

  async close(): Promise<void> {
    this.#closing = true;
    if (this.#connections.size === 0) return;
    for (const connection of this.#connections) connection.shutdown();
    await this.#allClosed.promise;
  }

  readonly #onClosed = (connection: Connection): void => {
    this.#connections.delete(connection);
    if (this.#closing && this.#connections.size === 0) this.#allClosed.resolve();
  };
}
