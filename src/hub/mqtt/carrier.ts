import type { Duplex } from 'node:stream';

/** What wants to know of a stream. */
export interface Carried {
  received(chunk: Buffer): void;
  /** What was written has been taken. */
  drained(): void;
  failed(error: Error): void;
  /** The peer writes no more. */
  peerClosed(): void;
  closed(): void;
}

const carried: unique symbol = Symbol('carried');
type Carrier = Duplex & { [carried]?: Carried };

/**
 * Has a stream tell all it does, by functions that all streams share: five for each connection, and what each remembers, would be a third of
 * what the hub keeps for it.
 */
export function listen(stream: Carrier, whom: Carried): void {
  stream[carried] = whom;
  stream.on('data', onData);
  stream.on('drain', onDrain);
  stream.on('error', onError);
  stream.on('end', onEnd);
  stream.on('close', onClose);
}

function onData(this: Carrier, chunk: Buffer): void {
  this[carried]?.received(chunk);
}

function onDrain(this: Carrier): void {
  this[carried]?.drained();
}

function onError(this: Carrier, error: Error): void {
  this[carried]?.failed(error);
}

function onEnd(this: Carrier): void {
  this[carried]?.peerClosed();
}

function onClose(this: Carrier): void {
  this[carried]?.closed();
}
